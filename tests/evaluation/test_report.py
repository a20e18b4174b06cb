import json

import pytest

from tgan.evaluation.report import table, warnings_of, with_protocol, write_report

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


def test_every_number_carries_the_whole_protocol():
    complete = with_protocol(RESULTS, {"seeds": {"real_clips": 4}})
    assert complete["frechet_x"]["protocol"] == {"network": "x", "seeds": {"real_clips": 4}}
    assert complete["gam"]["protocol"] == {"seeds": {"real_clips": 4}}
    assert "seeds" not in RESULTS["gam"]["protocol"]


def test_the_table_has_samples_real_clips_and_controls_side_by_side():
    lines = table(RESULTS, {"noise": {"frechet_x": {"value": 99.0}}}).splitlines()
    assert lines[0].split("  ")[0] == "metric" and lines[0].endswith("as samples: noise")
    assert lines[1].split() == ["frechet_x", "12.35", "-", "99"]
    assert lines[2].split() == ["diversity_x", "2", "±", "0.12", "3", "-"]
    assert "- (1.5 to 9; the first run wins)" in lines[3]
    assert len({line.index(c) for line, c in zip(lines[1:3], ("-", "3"), strict=True)}) == 1


def test_controls_alone_have_no_column_of_samples():
    text = table({}, {"real": {"acd_x": {"value": 1.0, "real": {"value": 2.0}}}})
    assert text.splitlines()[0].split() == ["metric", "real", "clips", "as", "samples:", "real"]
    assert text.splitlines()[1].split() == ["acd_x", "2", "1"]


def test_warnings_name_their_metric():
    assert warnings_of(RESULTS) == ["gam: no ratio"]


def test_a_failure_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "new" / "scores.json"
    write_report(path, {"value": 1.5})
    assert json.loads(path.read_text()) == {"value": 1.5}
    with pytest.raises(ValueError):
        write_report(path, {"value": float("nan")})
    assert json.loads(path.read_text()) == {"value": 1.5}
