import dataclasses
import json

import pytest

from tgan.benchmarks.clipping.strategies import CORE
from tgan.benchmarks.engine.part import Job, Plan
from tgan.benchmarks.engine.records import (
    RESULT,
    RESULTS,
    Record,
    claim_folder,
    locked,
    plan_settings,
    read_job,
    read_result,
    write_job,
    write_json,
)

MAKER = {"commit": "abc", "threads": "2"}
PLAN = Plan("train:\n  steps: 5\n", {"svc": CORE["svc"]}, seeds=2)


def record(out, plan=PLAN):
    known = {"results": {"video/a": {"x": 1}}, "made_by": {"video/a": MAKER}}
    write_json(out / RESULTS, {"settings": plan_settings(plan), **known})


def test_a_new_folder_and_one_of_the_same_settings_may_be_used(tmp_path):
    assert claim_folder(tmp_path / "new", plan_settings(PLAN)) == Record()
    assert not (tmp_path / "new").exists()
    record(tmp_path)
    on_record = Record({"video/a": {"x": 1}}, {"video/a": MAKER})
    assert claim_folder(tmp_path, plan_settings(PLAN)) == on_record


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": 1}, "seeds was 2 and is 1"),
        ({"quick": True}, "quick was False and is True"),
        ({"budget": "steps"}, "budget was 'both' and is 'steps'"),
        ({"config": "train:\n  steps: 6\n"}, "config.train.steps was 5 and is 6"),
        ({"arms": {"wgan_gp": CORE["wgan_gp"]}}, "strategies had svc too"),
    ],
    ids=["seeds", "quick", "budget", "config", "strategies"],
)
def test_other_settings_are_refused_by_name(tmp_path, change, message):
    record(tmp_path)
    with pytest.raises(ValueError, match=message):
        claim_folder(tmp_path, plan_settings(dataclasses.replace(PLAN, **change)))


def test_strategies_and_seeds_may_become_more(tmp_path):
    record(tmp_path)
    more = dataclasses.replace(PLAN, arms={"wgan_gp": CORE["wgan_gp"]} | PLAN.arms, seeds=3)
    assert claim_folder(tmp_path, plan_settings(more)).makers == {"video/a": MAKER}


def test_results_are_found_again_without_their_list(tmp_path):
    for name in ("jobs", ".lock", "report.html"):
        (tmp_path / name).mkdir()
        assert claim_folder(tmp_path, plan_settings(PLAN)) == Record()


def test_a_folder_has_one_benchmark_at_a_time(tmp_path):
    out = tmp_path / "out"
    busy = pytest.raises(ValueError, match="another benchmark is at work")
    with locked(out), busy, locked(out):
        pass
    with locked(out):
        pass


@pytest.mark.parametrize("content", ["", "[]", '{"settings": {}}'], ids=["empty", "list", "part"])
def test_what_is_no_result_is_refused(tmp_path, content):
    (tmp_path / RESULTS).write_text(content)
    with pytest.raises(ValueError, match=r"results\.json' is damaged, or no result .* delete it"):
        claim_folder(tmp_path, plan_settings(PLAN))


def test_folders_of_something_else_and_files_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else"):
        claim_folder(tmp_path, plan_settings(PLAN))
    with pytest.raises(ValueError, match=r"thesis\.txt'"):
        claim_folder(tmp_path / "thesis.txt", plan_settings(PLAN))
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_job_is_read_as_it_was_written(tmp_path):
    job = Job("video/final/svc/seed_0", {"settings": {"train.steps": 3}, "points": [1, 2]})
    folder = write_job(tmp_path, "video", job, MAKER)
    assert folder == tmp_path / "jobs" / job.name
    assert read_job(folder) == ("video", job)


def test_a_result_is_read_with_its_maker_and_a_damaged_one_named(tmp_path):
    job = Job("video/a", {"seed": 3})
    assert read_result(tmp_path, job) is None
    folder = write_job(tmp_path, "video", job, MAKER)
    write_json(folder / RESULT, {"x": 1})
    assert read_result(tmp_path, job) == ({"x": 1}, MAKER)
    (folder / RESULT).write_text('{"x": ')
    with pytest.raises(
        ValueError, match=r"result\.json' is missing or damaged; delete '.*video/a'"
    ):
        read_result(tmp_path, job)
    for content in ("{}", "[]"):
        (folder / RESULT).write_text(content)
        with pytest.raises(ValueError, match=r"result\.json' is no result; delete '.*video/a'"):
            read_result(tmp_path, job)


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("inf")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1.5}
