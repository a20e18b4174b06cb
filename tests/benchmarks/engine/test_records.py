import json

import pytest

from tgan.benchmarks.engine.jobs import Job, results_of
from tgan.benchmarks.engine.records import (
    JOB,
    RESULT,
    RESULTS,
    check_folder,
    path_of,
    read_job,
    read_result,
    write_job,
    write_json,
)

MAKER = {"commit": "abc", "threads": "2"}


def test_a_new_folder_and_one_of_its_own_may_be_used(tmp_path):
    check_folder(tmp_path / "new", ["a"])
    assert not (tmp_path / "new").exists()
    for name in ("jobs/a", "jobs/b", ".lock", "report.html"):
        (tmp_path / name).mkdir(parents=True)
    check_folder(tmp_path, ["a", "b", "c"])
    # Beside results there may be a user's own files.
    (tmp_path / RESULTS).touch()
    (tmp_path / "thesis.txt").touch()
    check_folder(tmp_path, ["a", "b"])


def test_folders_of_something_else_and_files_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match=r"something else than this benchmark \(thesis.txt\)"):
        check_folder(tmp_path, ["a"])
    with pytest.raises(ValueError, match=r"thesis\.txt' is a file"):
        check_folder(tmp_path / "thesis.txt", ["a"])
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_the_folder_of_another_benchmark_is_refused(tmp_path):
    (tmp_path / "jobs/other").mkdir(parents=True)
    (tmp_path / RESULTS).touch()
    with pytest.raises(ValueError, match=r"something else than this benchmark \(jobs/other\)"):
        check_folder(tmp_path, ["a"])


def test_results_are_in_the_order_of_the_names_that_have_any():
    results = {"a/0": {"x": 0}, "a/2": {"failed": "nan"}}
    assert results_of(results, ["a/2", "a/1", "a/0"]) == [{"failed": "nan"}, {"x": 0}]


def test_a_job_is_read_as_it_was_written(tmp_path):
    settings = {"settings": {"train.steps": 3}, "points": [1, 2]}
    job = Job("video/final/svc/seed_0", settings, {"data": "/somewhere"})
    folder = write_job(tmp_path, job, MAKER)
    assert folder == tmp_path / "jobs" / job.name == tmp_path / path_of(job.name)
    assert read_job(folder) == job


def test_a_result_is_read_with_its_maker_and_a_damaged_one_named(tmp_path):
    job = Job("video/a", {"seed": 3})
    assert read_result(tmp_path, job) is None
    folder = write_job(tmp_path, job, MAKER)
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


def test_a_result_counts_wherever_the_data_lie_but_not_with_other_settings(tmp_path):
    job = Job("video/a", {"seed": (3, 4)}, {"data": "/here"})
    folder = write_job(tmp_path, job, MAKER)
    write_json(folder / RESULT, {"x": 1})
    assert read_result(tmp_path, Job(job.name, job.settings, {"data": "/there"})) is not None
    with pytest.raises(
        ValueError, match=r"other settings \(seed was \[3, 4\] and is \[3\]\); delete it"
    ):
        read_result(tmp_path, Job(job.name, {"seed": [3]}))


@pytest.mark.parametrize(("old", "new"), [("arm", "strategy"), ("arms", "strategies")])
def test_a_result_of_an_earlier_version_is_read(tmp_path, old, new):
    folder = tmp_path / path_of("cost/a")
    about = {"part": "cost", "name": "cost/a", "made_by": MAKER}
    write_json(folder / JOB, about | {"settings": {old: {"objective": "hinge"}, "quick": True}})
    write_json(folder / RESULT, {"x": 1})
    job = Job("cost/a", {new: {"objective": "hinge"}, "quick": True})
    assert read_result(tmp_path, job) == ({"x": 1}, MAKER)
