import dataclasses

import pytest

from tgan.benchmarks.clipping.parts import PARTS
from tgan.benchmarks.clipping.plan import Plan, Record, claim_folder
from tgan.benchmarks.clipping.strategies import CORE
from tgan.benchmarks.engine.records import RESULTS

MAKER = {"commit": "abc", "threads": "2"}
PLAN = Plan("train:\n  steps: 5\n", {"svc": CORE["svc"]}, seeds=2)
RECORD = Record({"video/a": {"x": 1}}, {"video/a": MAKER})


def write_record(out):
    RECORD.write(out, PLAN, about={}, crashed={})


def test_a_new_folder_and_one_of_the_same_settings_may_be_used(tmp_path):
    assert claim_folder(tmp_path / "new", PLAN, PARTS) == Record()
    assert not (tmp_path / "new").exists()
    write_record(tmp_path)
    assert claim_folder(tmp_path, PLAN, PARTS) == RECORD


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 1}, "seeds was 2 and is 1"),
        ({"quick": True}, "quick was False and is True"),
        ({"budget": "steps"}, "budget was 'both' and is 'steps'"),
        ({"config": "train:\n  steps: 6\n"}, "config.train.steps was 5 and is 6"),
        ({"strategies": {"wgan_gp": CORE["wgan_gp"]}}, "strategies had svc too"),
    ],
    ids=["seeds", "quick", "budget", "config", "strategies"],
)
def test_other_settings_are_refused_by_name(tmp_path, change, message):
    write_record(tmp_path)
    with pytest.raises(ValueError, match=rf"of other settings \({message}\); repeat those"):
        claim_folder(tmp_path, dataclasses.replace(PLAN, **change), PARTS)


def test_strategies_and_seeds_may_become_more(tmp_path):
    write_record(tmp_path)
    strategies = {"wgan_gp": CORE["wgan_gp"], **PLAN.strategies}
    more = dataclasses.replace(PLAN, strategies=strategies, seeds=3)
    assert claim_folder(tmp_path, more, PARTS).makers == {"video/a": MAKER}


def test_results_are_found_again_without_their_list(tmp_path):
    for name in ("jobs", ".lock", "report.html"):
        (tmp_path / name).mkdir()
        assert claim_folder(tmp_path, PLAN, PARTS) == Record()


@pytest.mark.parametrize("content", ["", "[]", '{"settings": {}}'], ids=["empty", "list", "part"])
def test_what_is_no_result_is_refused(tmp_path, content):
    (tmp_path / RESULTS).write_text(content)
    with pytest.raises(ValueError, match=r"results\.json' is damaged, or no result .* delete it"):
        claim_folder(tmp_path, PLAN, PARTS)


def test_a_record_can_be_taken_apart_by_parts():
    record = Record({"a/x": {"r": 1}, "b/y": {"r": 2}}, {"a/x": MAKER, "b/y": {}})
    assert record.of_parts(["a", "c"]) == Record({"a/x": {"r": 1}}, {"a/x": MAKER})
