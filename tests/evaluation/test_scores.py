import json

import pytest

from tgan.evaluation.scores import Scores

RESULTS = {
    "frechet_x": {"value": 12.3456, "protocol": {"network": "x"}},
    "diversity_x": {"value": 2.0, "stderr": 0.125, "real": {"value": 3.0}, "protocol": {}},
    "gam": {
        "value": None,
        "interval": [1.5, 9.0],
        "verdict": "the first run wins",
        "warning": "no ratio",
        "protocol": {},
    },
}
NOISE = {"noise": {"frechet_x": {"value": 99.0, "warning": "few"}}}


def test_numbers_come_by_name_with_all_that_belongs_to_them():
    scores = Scores(RESULTS, NOISE)
    assert list(scores) == list(RESULTS) and len(scores) == 3 and "kid_x" not in scores
    score = scores["diversity_x"]
    assert (score.value, score.stderr, score.real, score.warning) == (2.0, 0.125, 3.0, None)
    assert scores["frechet_x"].protocol == {"network": "x"} and scores["gam"].value is None
    assert scores["gam"].details["verdict"] == "the first run wins"
    assert scores.controls["noise"]["frechet_x"].value == 99
    assert repr(score) == "2 ± 0.12"


def test_an_unknown_name_is_answered_with_those_that_there_are():
    with pytest.raises(KeyError, match="no score 'frechet_y' .did you mean 'frechet_x'.*gam"):
        Scores(RESULTS)["frechet_y"]


def test_as_text_samples_real_clips_and_controls_stand_side_by_side():
    lines = str(Scores(RESULTS, NOISE)).splitlines()
    assert lines[0].split("  ")[0] == "metric" and lines[0].endswith("as samples: noise")
    assert lines[1].split() == ["frechet_x", "12.35", "-", "99"]
    assert lines[2].split() == ["diversity_x", "2", "±", "0.12", "3", "-"]
    assert "- (1.5 to 9; the first run wins)" in lines[3]
    assert len({line.index(c) for line, c in zip(lines[1:3], ("-", "3"), strict=True)}) == 1


def test_controls_alone_have_no_column_of_samples():
    scores = Scores({}, {"real": {"acd_x": {"value": 1.0, "real": {"value": 2.0}}}})
    head, row = repr(scores).splitlines()
    assert head.split() == ["metric", "real", "clips", "as", "samples:", "real"]
    assert row.split() == ["acd_x", "2", "1"]


def test_warnings_name_their_metric_and_come_once():
    scores = Scores(RESULTS, {**NOISE, "real": NOISE["noise"]}, warnings=["skipped a: torn"])
    assert scores.warnings == ["skipped a: torn", "gam: no ratio", "frechet_x: few"]


def test_what_is_saved_is_the_dict(tmp_path):
    scores = Scores(RESULTS, NOISE, settings={"samples": 5})
    assert scores.to_dict() == {"metrics": RESULTS, "controls": NOISE, "samples": 5}
    path = tmp_path / "new" / "scores.json"
    scores.save(path)
    assert json.loads(path.read_text()) == scores.to_dict()


def test_a_file_that_is_there_is_replaced_only_if_said_so(tmp_path):
    path = tmp_path / "scores.json"
    path.write_text("precious")
    with pytest.raises(ValueError, match="is there already"):
        Scores(RESULTS).save(path)
    with pytest.raises(ValueError, match="is a directory"):
        Scores(RESULTS).save(tmp_path, overwrite=True)
    assert path.read_text() == "precious"
    Scores(RESULTS).save(path, overwrite=True)
    assert json.loads(path.read_text())["metrics"] == RESULTS
    with pytest.raises(ValueError):
        Scores({"x": {"value": float("nan")}}).save(path, overwrite=True)
    assert json.loads(path.read_text())["metrics"] == RESULTS
