from tgan.benchmarks.clipping import benchmark
from tgan.benchmarks.clipping.benchmark import looks
from tgan.benchmarks.clipping.plan import Plan, Record
from tgan.benchmarks.clipping.strategies import CORE, STRATEGIES
from tgan.benchmarks.page.content import Section

PLAN = Plan("train:\n  steps: 5\n", {"svc": CORE["svc"]})


class Nothing:
    """A part whose jobs are all done."""

    def jobs(self, plan, results):
        return []

    def section(self, plan, results):
        return Section("nothing", [*results])


def test_each_section_says_who_made_its_jobs(tmp_path, monkeypatch):
    pages = []
    monkeypatch.setattr(benchmark, "PARTS", {"truth": Nothing, "toys": Nothing})
    monkeypatch.setattr(benchmark, "write_report", lambda path, found, **about: pages.append(found))
    makers = {"truth/a": {"commit": "abc"}, "truth/b": {"commit": "def"}}
    jobs = ["truth/a", "truth/b", "truth/c"]
    record = Record({job: {} for job in jobs}, makers | {"truth/c": {"commit": "abc"}})
    benchmark.run_benchmark(
        PLAN, ["toys"], tmp_path, on_record=record, about={}, made_by={}, processes=1, threads=1
    )
    ((section,),) = pages
    assert (tmp_path / "tables.md").is_file()
    assert section.text == [*jobs, "Done: 2 jobs with commit abc; 1 job with commit def."]


def test_every_strategy_has_a_look_of_its_own_by_name_and_by_title():
    found = looks()
    assert len({found[name] for name in STRATEGIES}) == len(STRATEGIES)
    assert all(found[name] == found[each.title] for name, each in STRATEGIES.items())
    assert len({found[name].colour for name in CORE}) == 6


def test_batch_norms_show_in_the_same_colour():
    found = looks()
    assert found["svc_bn"].colour == found["svc"].colour
    assert found["svc_bn"].is_hollow and not found["svc"].is_hollow
