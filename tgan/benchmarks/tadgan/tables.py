"""Tables of the comparison, in Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev

from tgan.benchmarks.tadgan.cases import BENCHMARKS, CHOOSING, REPORTING
from tgan.benchmarks.tadgan.records import Result, Run
from tgan.metrics.overlap import COVERAGE_CAPS, Agreement, sum_of

_LEGEND = (
    "F1 of intervals (found/false/missed), c the share of samples that found intervals cover; `!` "
    "where that is more than a set may have, and the F1 counts as 0 (UCR and robot have no such "
    "cap). ± is the standard deviation over seeds."
)
# A reconstruction is one if its error is at most so many times that of principal components.
MOST_ERROR = 1.25


@dataclass(frozen=True)
class Row:
    """A result with where it comes from.

    Attributes:
        run, result: the run, and its findings.
        half: `CHOOSING` or `REPORTING`.
        combination: the one that decides.
    """

    run: Run
    result: Result
    half: str
    combination: str

    @property
    def found(self) -> Agreement:
        """How well the intervals of the combination that decides agree with known ones."""
        return self.result.found[self.combination]


def report(rows: Sequence[Row], heading: Sequence[str]) -> str:
    """All tables of some results, below lines of a heading."""
    parts = ["# TadGAN beside baselines", *heading, _LEGEND]
    for benchmark, groups in BENCHMARKS.items():
        inside = [row for row in rows if row.run.group in groups]
        if inside:
            parts += [f"## {benchmark}", _markdown(_of_sets(inside))]
        if inside and len(groups) > 1:
            parts += [_markdown(_of_halves(inside))]
        networks = [row for row in inside if row.result.error is not None]
        if networks:
            parts += [_markdown(_of_errors(networks)), _markdown(_of_combinations(networks))]
    return "\n\n".join(parts) + "\n"


def capped_f1(found: Agreement, group: str) -> float:
    """The F1 of intervals, or 0 where they cover more of a set than they may."""
    return 0.0 if _is_covered(found, group) else found.intervals.f1


def _is_covered(found: Agreement, group: str) -> bool:
    """Whether intervals cover more of a set than they may."""
    return found.coverage > COVERAGE_CAPS.get(group, 1.0)


def mean_f1(rows: Iterable[Row]) -> float:
    """The mean over sets of the capped F1, for rows of one method and seed."""
    return mean(capped_f1(found, group) for group, found in _sums(rows).items())


def mean_sample_f1(rows: Iterable[Row]) -> float:
    """The mean over sets of the F1 of samples, for rows of one method and seed."""
    return mean(found.samples.f1 for found in _sums(rows).values())


def _of_sets(rows: Sequence[Row]) -> list[list[str]]:
    """F1 of intervals of each set with counts and coverage, means over sets, time."""
    groups = sorted({row.run.group for row in rows})
    table = [["method", *groups, "mean F1", "mean F1 of samples", "seconds"]]
    for method, seeds in _by_method(rows).items():
        sums = [_sums(inside) for inside in seeds]
        means = [mean_f1, mean_sample_f1, lambda inside: sum(row.result.seconds for row in inside)]
        f1, samples, seconds = ([of(inside) for inside in seeds] for of in means)
        cells = [_cell([one[group] for one in sums], group) for group in groups]
        table.append([method, *cells, _spread(f1), _spread(samples), f"{mean(seconds):.0f}"])
    return table


def _of_halves(rows: Sequence[Row]) -> list[list[str]]:
    """The mean F1 of the signals that settings were chosen on, of the others, and of all."""
    table = [["mean F1", CHOOSING, REPORTING, "all"]]
    for method, seeds in _by_method(rows).items():
        cells = []
        for halves in ({CHOOSING}, {REPORTING}, {CHOOSING, REPORTING}):
            parts = [[row for row in inside if row.half in halves] for inside in seeds]
            cells.append(_spread([mean_f1(part) for part in parts]) if all(parts) else "")
        table.append([method, *cells])
    return table


def _of_errors(rows: Sequence[Row]) -> list[list[str]]:
    """How errors of reconstructions compare with those of principal components."""
    head = "series of a seed with at most"
    table = [["error / that of components", "median", f"{head} {MOST_ERROR}", "of"]]
    for method, seeds in _by_method(rows).items():
        ratios = [
            [row.result.error / max(row.result.components_error, 1e-12) for row in inside]
            for inside in seeds
        ]
        within = mean(sum(ratio <= MOST_ERROR for ratio in inside) for inside in ratios)
        middle = median(ratio for inside in ratios for ratio in inside)
        table.append([method, f"{middle:.2f}", f"{within:.4g}", str(len(ratios[0]))])
    return table


def _of_combinations(rows: Sequence[Row]) -> list[list[str]]:
    """The mean F1 over sets by every combination of scores of critic and reconstruction."""
    names = list(rows[0].result.found)
    table = [["mean F1", *names]]
    for method, seeds in _by_method(rows).items():
        cells = []
        for name in names:
            others = [
                [Row(row.run, row.result, row.half, name) for row in inside] for inside in seeds
            ]
            cells.append(_spread([mean_f1(inside) for inside in others]))
        table.append([method, *cells])
    return table


def _by_method(rows: Iterable[Row]) -> dict[str, list[list[Row]]]:
    """Of each method the rows of every seed that is complete: that has as many as any."""
    found: dict[str, dict[int, list[Row]]] = {}
    for row in rows:
        found.setdefault(row.run.method, {}).setdefault(row.run.seed, []).append(row)
    most = {method: max(map(len, seeds.values())) for method, seeds in found.items()}
    return {
        method: [inside for inside in seeds.values() if len(inside) == most[method]]
        for method, seeds in found.items()
    }


def _sums(rows: Iterable[Row]) -> dict[str, Agreement]:
    groups: dict[str, list[Agreement]] = {}
    for row in rows:
        groups.setdefault(row.run.group, []).append(row.found)
    return {group: sum_of(found) for group, found in sorted(groups.items())}


def _cell(sums: Sequence[Agreement], group: str) -> str:
    """F1, counts where there is but one seed, and coverage."""
    text = _spread([capped_f1(found, group) for found in sums])
    if len(sums) == 1:
        counts = sums[0].intervals
        text += f" ({counts.tp}/{counts.fp}/{counts.fn})"
    mark = "!" if any(_is_covered(found, group) for found in sums) else ""
    return f"{text} c{mean(found.coverage for found in sums):.2f}{mark}"


def _spread(values: Sequence[float]) -> str:
    text = f"{mean(values):.3f}"
    return f"{text} ± {stdev(values):.3f}" if len(values) > 1 else text


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
