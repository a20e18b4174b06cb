"""The parts of the benchmark by name; importing this imports none of them."""

from collections.abc import Callable

from tgan.benchmarks.engine.part import Part


def _truth() -> Part:
    from tgan.benchmarks.clipping.truth.part import Truth

    return Truth()


def _toys() -> Part:
    from tgan.benchmarks.clipping.toys.part import Toys

    return Toys()


def _video() -> Part:
    from tgan.benchmarks.clipping.video.part import Video

    return Video()


def _robustness() -> Part:
    from tgan.benchmarks.clipping.robustness.part import Robustness

    return Robustness()


def _cost() -> Part:
    from tgan.benchmarks.clipping.cost.part import Cost

    return Cost()


PARTS: dict[str, Callable[[], Part]] = {
    "truth": _truth,
    "toys": _toys,
    "video": _video,
    "robustness": _robustness,
    "cost": _cost,
}
