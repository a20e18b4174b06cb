from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.toys.section import section_of
from tgan.benchmarks.page.tables import cells_of

STRATEGY = STRATEGIES["weight_clip"]
TRIALS = [f"toys/ring/weight_clip/trial_{number}" for number in range(3)]


def quick_plan(seeds=2) -> Plan:
    return Plan("", {"weight_clip": STRATEGY}, seeds=seeds, quick=True)


def test_section_shows_what_is_there():
    result = {"modes": 8, "good": 0.5, "reverse_kl": 0.1, "transport": 0.3}
    results = {name: {"transport": value} for name, value in zip(TRIALS, (2, 3, 4), strict=True)}
    results["toys/ring/weight_clip/seed_0"] = result | {"seconds": 2.0}
    results["toys/ring/weight_clip/seed_1"] = {"failed": "score is nan"}
    section = section_of(quick_plan(), results)
    (table,) = section.tables
    cells = cells_of(table)
    assert [cell.text for cell in cells["weight clipping"]] == [
        *("8", "0.500", "0.100", "0.300", "2", "1 of 2", "constraint.maximum 0.01"),
    ]
    assert [cell.text for cell in cells["the mixture itself"]][0] == "8"
    (clip,) = section.clips
    assert clip.path == "jobs/toys/ring/weight_clip/seed_0/samples.png"
    (plot,) = section.plots
    assert [(line.x, line.y) for line in plot.lines] == [([0], [0.3])]


def test_section_of_nothing_is_empty():
    section = section_of(quick_plan(), {})
    assert not section.tables and not section.plots and not section.clips
