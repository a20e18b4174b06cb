import json

import pytest
from PIL import Image

from tests.conftest import make_tiny_config
from tgan.cli import run
from tgan.runs.train import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    config = make_tiny_config()
    config.log.distance_clips = 4
    return train(config, run_dir=tmp_path_factory.mktemp("run"))


def test_a_run_is_drawn(trained, tmp_path, capsys):
    run("plot", [str(trained.path), "--out", str(tmp_path / "curves.png")])
    assert capsys.readouterr().out.strip() == str(tmp_path / "curves.png")
    with Image.open(tmp_path / "curves.png") as picture:
        assert picture.width > 500 and len(set(picture.convert("L").tobytes())) > 50


def test_the_curves_are_what_was_logged(trained):
    lines = [json.loads(line) for line in (trained.path / "metrics.jsonl").read_text().splitlines()]
    drawn = {
        line.get_label(): list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        for axis in trained.plot().axes
        for line in axis.get_lines()
    }
    for name in ("critic_loss", "generator_loss", "critic_gap", "frechet_pooled192"):
        assert drawn[name] == [(entry["step"], entry[name]) for entry in lines if name in entry]
    assert [entry[0] for entry in drawn["frechet_pooled192"]] == [0, 4]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "--out", "{here}/curves.txt"], "unknown ending '.txt'"),
        (["{here}", "--out", "{here}/curves.png"], "holds no whole checkpoint"),
        (["{run}", "--out", "{run}/config.yaml"], "is there already; --overwrite replaces it"),
    ],
)
def test_mistakes_are_one_line(trained, tmp_path, capsys, arguments, message):
    places = {"run": trained.path, "here": tmp_path}
    with pytest.raises(SystemExit) as ended:
        run("plot", [argument.format(**places) for argument in arguments])
    error = capsys.readouterr().err
    assert ended.value.code == 2 and message in error and error.count("\n") == 1
