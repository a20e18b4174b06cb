"""Parts of the benchmark of strategies by name; importing this imports none of them."""

from collections.abc import Callable
from typing import Protocol

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.engine.jobs import Part, Results
from tgan.benchmarks.page.content import Section


class ReportedPart(Part[Plan], Protocol):
    """A part with a section in the report."""

    def section(self, plan: Plan, results: Results) -> Section:
        """Everything that the results so far tell; what is missing yet is left out."""
        ...


def _truth() -> ReportedPart:
    from tgan.benchmarks.clipping.truth.part import Truth

    return Truth()


def _toys() -> ReportedPart:
    from tgan.benchmarks.clipping.toys.part import Toys

    return Toys()


def _video() -> ReportedPart:
    from tgan.benchmarks.clipping.video.part import Video

    return Video()


def _robustness() -> ReportedPart:
    from tgan.benchmarks.clipping.robustness.part import Robustness

    return Robustness()


def _cost() -> ReportedPart:
    from tgan.benchmarks.clipping.cost.part import Cost

    return Cost()


PARTS: dict[str, Callable[[], ReportedPart]] = {
    "truth": _truth,
    "toys": _toys,
    "video": _video,
    "robustness": _robustness,
    "cost": _cost,
}
