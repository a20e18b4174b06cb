"""The comparison as a whole: its table, what is redone, and mistakes in one line."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.labels.test_methods import config
from tests.made.at_once import work_at_once
from tgan.benchmarks.engine import queue
from tgan.benchmarks.labels.part import Run
from tgan.benchmarks.labels.tables import Row, mean_and_error, report
from tgan.cli import main
from tgan.config.reading import dump_config


@pytest.fixture
def command(tmp_path):
    (tmp_path / "config.yaml").write_text(dump_config(config()))
    return ["benchmark-labels", "--config", f"{tmp_path}/config.yaml", "--out", f"{tmp_path}/out"]


def rows(method, labels, wrongs):
    return [Row(Run(method, labels, draw), wrong, 200, 3.0) for draw, wrong in enumerate(wrongs)]


def test_the_table_has_means_and_standard_errors():
    found = rows("gan", 20, [20, 24, 28]) + rows("gan", 50, [10]) + rows("logistic", 20, [50])
    # Percent: 10, 12, 14, whose standard deviation is 2.
    assert mean_and_error(found[:3]) == pytest.approx((12, 2 / 3**0.5))
    text = report(found, ["made here"])
    assert "| labels | 20 | 50 | seconds |\n|---|---|---|---|\n" in text
    assert "| gan | 12.0 ± 1.2 | 5.0 | 3 |\n| logistic | 25.0 |  | 3 |\n" in text


def test_a_benchmark_is_reported_and_not_redone(command, tmp_path, monkeypatch, capsys):
    work_at_once(monkeypatch)
    command += ["--labels", "20,30", "--draws", "2", "--methods", "logistic,network"]
    main(command)
    text = (tmp_path / "out/tables.md").read_text()
    assert text in capsys.readouterr().out and "| logistic |" in text and "| network |" in text
    results = json.loads((tmp_path / "out/results.json").read_text())
    assert len(results) == 8 and {row["of"] for row in results} == {299}
    assert (tmp_path / "out/errors.png").stat().st_size > 0
    monkeypatch.setattr(queue, "command_for", None)
    main(command)
    assert (tmp_path / "out/tables.md").read_text() == text


def test_settings_are_chosen_on_other_draws(command, tmp_path, monkeypatch):
    work_at_once(monkeypatch)
    main([*command, "--labels", "20", "--draws", "1", "--methods", "logistic", "--choose"])
    (row,) = json.loads((tmp_path / "out/results.json").read_text())
    # A sixth of each class of the 1,498 digits to train on.
    assert row["run"]["draw"] == 100 and row["of"] < 260


def test_pictures_of_ones_own_lie_in_a_folder_per_class(command, tmp_path, monkeypatch):
    work_at_once(monkeypatch)
    for name in ("cat", "dog"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        for number in range(12):
            picture = np.full((20, 20), 9 * number + 100 * (name == "dog"), np.uint8)
            Image.fromarray(picture).save(tmp_path / "mine" / name / f"{number}.png")
    own = ["--data.name", "images", "--data.path", f"{tmp_path}/mine"]
    main([*command, *own, "--labels", "6", "--draws", "1", "--methods", "logistic,gan"])
    rows = json.loads((tmp_path / "out/results.json").read_text())
    # A sixth of each class is held out.
    assert [(row["run"]["method"], row["of"]) for row in rows] == [("logistic", 4), ("gan", 4)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--labels", "20,x"], "--labels 'x' is no whole number"),
        (["--labels", "20,,50"], "--labels '20,,50'"),
        (["--labels", "5"], "data.num_labels 5 is below the number of classes, 10"),
        (["--labels", "20,99"], "99 is not a multiple of the number of classes, 10: 90 or 100 is"),
        (["--labels", "9000"], "900 of each class, and the class '8' has"),
        (["--draws", "0"], "--draws 0 is below 1"),
        (["--methods", "gan,gna"], "unknown method 'gna' (did you mean 'gan'?)"),
        (["--train.cross_entropy_weight", "0"], "the GAN's critic would learn no classes"),
        (["--data.path", "nothing"], "digit images 'nothing': no such file"),
    ],
)
def test_mistakes_are_one_line_before_any_work(command, tmp_path, capsys, arguments, message):
    with pytest.raises(SystemExit) as stop:
        main([*command, *arguments])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()
