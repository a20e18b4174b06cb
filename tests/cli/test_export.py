import pytest
import torch

from tests.conftest import make_tiny_config
from tgan.build import build_run
from tgan.cli import main
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


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{run}", "--out", "{tmp}/g.tflite"], "unknown ending (or name a --format) '.tflite'"),
        (["{run}", "--out", "{tmp}/g.pt2", "--format", "tflite"], "invalid choice: 'tflite'"),
        (["{run}", "--out", "{tmp}"], "is a directory"),
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
