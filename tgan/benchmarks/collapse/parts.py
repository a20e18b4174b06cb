"""Parts of the benchmark of cures by name; importing this imports none of them."""

from collections.abc import Callable
from typing import Protocol

from tgan.benchmarks.collapse.plan import Plan
from tgan.benchmarks.engine.jobs import Part, Results
from tgan.benchmarks.page.content import Section


class ReportedPart(Part[Plan], Protocol):
    """A part with a section in the report."""

    def section(self, plan: Plan, results: Results) -> Section:
        """Everything that the results so far tell; what is missing yet is left out."""
        ...


def _toys() -> ReportedPart:
    from tgan.benchmarks.collapse.toys.part import Toys

    return Toys()


def _digits() -> ReportedPart:
    from tgan.benchmarks.collapse.digits.part import Digits

    return Digits()


PARTS: dict[str, Callable[[], ReportedPart]] = {"toys": _toys, "digits": _digits}
