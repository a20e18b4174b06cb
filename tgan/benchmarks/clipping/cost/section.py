"""Section of the report on cost."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

from tgan.benchmarks.clipping.cost.clip_cost import LAPACK, SPECTRA
from tgan.benchmarks.clipping.cost.jobs import GAPS_JOB, clip_job, update_job
from tgan.benchmarks.clipping.cost.update_cost import EVERY, FIFTH, OWN, Sizes
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.engine.jobs import Results
from tgan.benchmarks.page.content import Column, Section, Table
from tgan.linalg.clipping import CLIP_METHODS

TEXT = (
    "All times are those of one processor thread, by the processor's clock; rounds in which all "
    "that is compared takes turns are the values that means and ranges are of. Nothing is said "
    "about accelerators, for which matrix products alone are meant.",
    "A clip of kernels as matrices costs the same whatever the batch, a penalty grows with it: at "
    f"the paper's batch of 32 the share of a clip is a quarter of what the batch of "
    f"{Sizes().batch} here shows.",
    "A strategy that acts on every fifth update lets weights move freely in between. What is "
    "certain of the critic is therefore said for its worst moment, just before the next clip.",
)
CLIP_COLUMNS = (
    Column("ms", best="low"),
    Column("times as fast as LAPACK", best="high"),
    Column("largest error", digits=2),
    Column("above the bound", digits=2),
)
UPDATE_COLUMNS = (
    Column("every update: ms", digits=2),
    Column("% of the update", digits=2),
    Column("every fifth: ms", digits=2),
    Column("% of an update", digits=2),
)
OWN_COLUMNS = (Column("ms per update", digits=2), Column("% of an update", digits=2))
CERTAIN_COLUMNS = (
    Column("every update: largest singular value"),
    Column("certified bound"),
    Column("every fifth: largest singular value"),
    Column("certified bound then"),
)
GAP_COLUMNS = (Column("lower", digits=4), Column("upper", digits=4), Column("apart, %", digits=2))
INTERVALS = (EVERY, FIFTH)


def section_of(plan: Plan, results: Results) -> Section:
    """A table of clipping per spectrum, and tables of costs and of certificates by strategy."""
    spectra = {name: results[clip_job(name)] for name in SPECTRA if clip_job(name) in results}
    tables = [_clips(name, result) for name, result in spectra.items()]
    if GAPS_JOB in results:
        tables += [_gaps(kind, layers) for kind, layers in results[GAPS_JOB].items()]
    strategies = {
        strategy.title: results[update_job(name)]
        for name, strategy in plan.strategies.items()
        if update_job(name) in results
    }
    own = {title: found for title, found in strategies.items() if OWN in found}
    if shared := {title: found for title, found in strategies.items() if OWN not in found}:
        tables += [_updates(shared), _certain(shared)]
    if own:
        tables.append(_own(own))
    return Section("Cost at the sizes of the paper", TEXT, tables)


def _clips(spectrum: str, result: Mapping[str, Any]) -> Table:
    count, top = SPECTRA[spectrum]
    lapack = result[LAPACK]["seconds"]
    rows: dict[str, Sequence[Sequence[float] | str]] = {
        f"{LAPACK} alone": [_thousandfold(lapack), [], [], []]
    }
    for method in CLIP_METHODS:
        found = result[method]
        ratios = [base / own for base, own in zip(lapack, found["seconds"], strict=True)]
        errors = [[found["error"]], [found["excess"]]]
        rows[method] = [_thousandfold(found["seconds"]), ratios, *errors]
    note = (
        f"All five kernels of the critic, up to {count} singular values of each above the bound of "
        f"1 and up to {top:g}; errors in the spectral norm, stored in float32."
    )
    return Table(f"Clipping kernels: {spectrum} spectra", CLIP_COLUMNS, rows, note)


def _gaps(kind: str, layers: Sequence[Mapping[str, Any]]) -> Table:
    def row(lower: float, upper: float) -> list[Sequence[float] | str]:
        return [[lower], [upper], [100 * (upper / lower - 1)]]

    rows = {layer["layer"]: row(layer["lower"], layer["upper"]) for layer in layers}
    rows["product"] = row(*(prod(layer[side] for layer in layers) for side in ("lower", "upper")))
    note = (
        "Norms of the critic's layers as operators, after their kernels were clipped to 1 as "
        "matrices: from below by power iteration, from above by the certified bound."
    )
    return Table(f"Bounds on norms: {kind}", GAP_COLUMNS, rows, note)


def _own(strategies: Results) -> Table:
    note = (
        "The same of strategies that set an interval of their own: means over as many updates, "
        "the step of a lazy penalty included."
    )
    rows = {title: _costs(found[OWN]) for title, found in strategies.items()}
    return Table("What a constraint adds at its own interval", OWN_COLUMNS, rows, note)


def _costs(found: Mapping[str, Any]) -> list[Sequence[float] | str]:
    return [_thousandfold(found["added"]), [100 * share for share in found["share"]]]


def _updates(strategies: Results) -> Table:
    note = (
        f"What an update of the critic on {Sizes().batch} real and as many fake clips of "
        "16x64x64 RGB takes more than one of the same critic without constraint."
    )
    title = "What a constraint adds to an update of the critic"
    return Table(title, UPDATE_COLUMNS, _rows(strategies, _costs), note)


def _certain(strategies: Results) -> Table:
    note = (
        "After a few updates from the first weights. The singular value is the largest of all "
        "kernels as matrices; the certified bound is the product of bounds on the layers' norms "
        "as the operators they are, which the critic's Lipschitz constant never exceeds. It is "
        "given without batch norms, which under the statistics of a batch nothing bounds."
    )

    def certainties(found: Mapping[str, Any]) -> list[Sequence[float] | str]:
        return [[found["matrix_norm"]], [found["certificate"]]]

    return Table(
        "What is certain of the critic", CERTAIN_COLUMNS, _rows(strategies, certainties), note
    )


def _rows(
    strategies: Results, cells: Callable[[Mapping[str, Any]], list[Sequence[float] | str]]
) -> dict[str, list[Sequence[float] | str]]:
    """Two cells per interval; a strategy that has none has a say at every update."""
    rows: dict[str, list[Sequence[float] | str]] = {}
    for title, result in strategies.items():
        if "failed" in result:
            rows[title] = ["diverged", [], [], []]
        else:
            empty: list[Sequence[float] | str] = [[], []]
            found = [cells(result[name]) if name in result else empty for name in INTERVALS]
            rows[title] = [cell for pair in found for cell in pair]
    return rows


def _thousandfold(seconds: Sequence[float]) -> list[float]:
    return [1e3 * value for value in seconds]
