from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.clipping.truth.section import section_of
from tgan.benchmarks.page.tables import cells_of


def quick_plan(*names, seeds=1) -> Plan:
    return Plan("", {name: STRATEGIES[name] for name in names}, seeds=seeds, quick=True)


def test_section_shows_what_is_there():
    plan = quick_plan("svc", "svc_bn", "r1", seeds=2)
    result = {
        "estimate": 1.0,
        "stderr": 0.1,
        "inference": 0.5,
        "gradient": 3.0,
        "truth": 2.0,
        "seconds": 1.5,
    }
    results = {
        "truth/line/svc/seed_0": result,
        "truth/line/svc/seed_1": {"failed": "score is nan"},
        "truth/line/svc_bn/seed_0": result | {"estimate": -1.0},
    }
    section = section_of(plan, results)
    (table,) = section.tables
    cells = cells_of(table)
    assert [cell.text for cell in cells["SVC"]] == [
        "0.500", "0.050", "–", "3", "1.5", "1 of 2",
    ]  # fmt: skip
    paper = cells["SVC, batch norm (the paper)"]
    assert [paper[0].text, paper[2].text] == ["-0.500", "0.250"]
    (plot,) = section.plots
    assert plot.ticks == ["SVC", "SVC, batch norm (the paper)"] and plot.reference[0] == 1
    # A logarithmic axis has no place for the negative estimate.
    assert [(line.x, line.y, line.low) for line in plot.lines] == [([0], [0.5], [0.5])]


def test_section_of_nothing_is_empty():
    section = section_of(quick_plan("svc"), {})
    assert not section.tables and not section.plots
