"""Jobs of a benchmark, their results, and the parts that name and do them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

# Fit for JSON. That of training that diverged is `{"failed": reason}`.
Result = dict[str, Any]
# By the names of jobs.
Results = Mapping[str, Result]

Plan = TypeVar("Plan", contravariant=True)


@dataclass(frozen=True)
class Job:
    """Work that one process does.

    Attributes:
        name: unique in its benchmark, and the path of its folder: `toys/ring/svc/seed_0`. It
            begins with the name of its part.
        settings: all that its result depends on, fit for JSON.
        places: where it finds its data. In another place they are the same data, and it is the
            same job.
        alone: whether it takes times, so that no other job may run beside it.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    alone: bool = False


class Part(Protocol[Plan]):
    """A part of a benchmark; its class takes no arguments, so that any process can have one."""

    def jobs(self, plan: Plan, results: Results) -> list[Job]:
        """Every job that can be named as soon as there are these results.

        It is asked anew whenever a job ends, so that tuning can decide what follows. A job that
        crashed has no result, so that no choice is made by it.
        """
        ...

    def run(self, job: Job, folder: Path) -> Result:
        """Do a job in this process; what an interrupted one has left in `folder` is resumed.

        Raises:
            ArithmeticError: training diverged; it becomes a result `{"failed": reason}`.
        """
        ...


def results_of(results: Results, names: Iterable[str]) -> list[Result]:
    """The results that there are of some jobs, in the order of their names: by seed, say."""
    return [results[name] for name in names if name in results]
