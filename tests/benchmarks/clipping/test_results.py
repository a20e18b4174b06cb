import dataclasses
import json

import pytest

from tgan.benchmarks.clipping.arms import CORE
from tgan.benchmarks.clipping.part import Job, Plan
from tgan.benchmarks.clipping.results import (
    RESULT,
    RESULTS,
    Record,
    claim_folder,
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
        ({"seeds": 3}, "seeds was 2 and is 3"),
        ({"quick": True}, "quick was False and is True"),
        ({"budget": "steps"}, "budget was 'both' and is 'steps'"),
        ({"config": "train:\n  steps: 6\n"}, "config.train.steps was 5 and is 6"),
        ({"arms": CORE}, "strategies was"),
    ],
    ids=["seeds", "quick", "budget", "config", "strategies"],
)
def test_other_settings_are_refused_by_name(tmp_path, change, message):
    record(tmp_path)
    with pytest.raises(ValueError, match=message):
        claim_folder(tmp_path, plan_settings(dataclasses.replace(PLAN, **change)))


@pytest.mark.parametrize("content", ["", "[]", '{"settings": {}}'], ids=["empty", "list", "part"])
def test_what_is_no_result_is_refused(tmp_path, content):
    (tmp_path / RESULTS).write_text(content)
    with pytest.raises(ValueError, match=r"results\.json' is no result"):
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


def test_numbers_that_are_not_finite_are_not_written(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1.5})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("inf")})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1.5}
