import numpy as np
import pytest
import torch

from tests.conftest import make_tiny_config
from tgan.cli import main
from tgan.runs.build import build_run
from tgan.training.loop import fit


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    config = make_tiny_config()
    config.train.steps = 1
    directory = tmp_path_factory.mktemp("run")
    fit(build_run(config, directory))
    return directory


def test_a_run_becomes_a_file_and_a_card(run_dir, tmp_path, capsys):
    out = tmp_path / "new" / "g.pt2"
    main(["export", str(run_dir), "--out", str(out)])
    assert capsys.readouterr().out.splitlines() == [str(out), f"{out}.json"]
    size = make_tiny_config().generator.z_slow
    videos = torch.export.load(out).module()(torch.rand(3, size) * 2 - 1)
    assert videos.shape == (3, 1, 16, 32, 32)


def test_a_run_becomes_a_folder_that_samples_alike(run_dir, tmp_path, capsys):
    main(["export", str(run_dir), "--format", "safetensors", "--out", f"{tmp_path}/g.1"])
    main(["export", f"{tmp_path}/g.1", "--out", f"{tmp_path}/again/"])
    assert capsys.readouterr().out.splitlines() == [f"{tmp_path}/g.1", f"{tmp_path}/again/"]
    names = ["README.md", "card.json", "config.json", "model.safetensors"]
    for name in names:
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("g.1", "again"))
        assert first == second
    assert sorted(path.name for path in (tmp_path / "g.1").iterdir()) == names
    for source in (run_dir, tmp_path / "g.1"):
        main(["generate", str(source), "--seeds", "0-2", "--out", f"{tmp_path}/{source.name}.npy"])
    samples = [np.load(tmp_path / f"{name}.npy") for name in (run_dir.name, "g.1")]
    np.testing.assert_array_equal(*samples)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{run}", "--out", "{tmp}/g.tflite"], "unknown ending (or name a --format) '.tflite'"),
        (["{run}", "--out", "{tmp}/g.pt2", "--format", "tflite"], "invalid choice: 'tflite'"),
        (["{run}", "--out", "{tmp}"], "is not empty; name a new one"),
        (["{run}", "--out", "{tmp}", "--format", "pt2"], "is a directory"),
        (["{run}", "--out", "{tmp}/there.pt2", "--format", "safetensors"], "is a file; name a f"),
        (["{tmp}/nothing", "--out", "{tmp}/new/"], "no run or checkpoint"),
        (["{run}", "--out", "{tmp}/there.pt2"], "there.pt2' is there already"),
        (["{tmp}/nothing", "--out", "{tmp}/g.pt2"], "no run or checkpoint"),
        (["{run}", "--out", "{tmp}/g.pt2", "--weights", "average"], "unknown weights 'average'"),
    ],
)
def test_mistakes_end_in_one_line(run_dir, tmp_path, capsys, argv, message):
    (tmp_path / "there.pt2").write_text("precious")
    with pytest.raises(SystemExit) as exit_:
        main(["export", *(a.format(run=run_dir, tmp=tmp_path) for a in argv)])
    error = capsys.readouterr().err
    assert exit_.value.code == 2 and message in error and len(error.splitlines()) == 1
    assert (tmp_path / "there.pt2").read_text() == "precious"
