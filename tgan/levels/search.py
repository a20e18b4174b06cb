"""Search in the latents of a run for a level with wanted properties, by CMA-ES.

Volz et al. 2018 ("Evolving Mario levels in the latent space of a deep convolutional generative
adversarial network") search so; CMA-ES is that of the package `cma` (Hansen 2016, "The CMA
Evolution Strategy: A Tutorial").
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from tgan.data.tiles.rules import Walker
from tgan.levels.making import LevelMaker
from tgan.levels.properties import Property
from tgan.lookup import look_up
from tgan.rng import Stream, numpy_rng
from tgan.system.extras import require

# Where CMA-ES begins, and how far it looks at first, in latents on [-1, 1].
SIGMA = 0.5
# Candidates of a generation of the random search.
GENERATION = 16
# What cannot be played comes after everything that can.
UNPLAYABLE = 1e9

# Generations: candidates (N, size), and a function that is told their costs.
Told = Callable[[list[float]], object]
Generations = Iterator[tuple[np.ndarray, Told]]


@dataclass
class Found:
    """The best level of a search.

    Attributes:
        level: (rows, columns) of numbers of tiles, uint8.
        latent: that it was made of, (size,).
        distance: from all wanted properties together.
        progress: how far a walker gets in it, 1 if it arrives; None without rules.
        evaluations: levels that were looked at.
        history: the cost of the best level after each.
    """

    level: np.ndarray
    latent: np.ndarray
    distance: float
    progress: float | None
    evaluations: int
    history: list[float] = field(repr=False)


def search_level(
    maker: LevelMaker,
    properties: Sequence[Property],
    *,
    walker: Walker | None = None,
    evaluations: int = 1000,
    seed: int = 0,
    method: str = "cma",
) -> Found:
    """Search for the level nearest to having all properties: a function of its arguments alone.

    The cost of a level is the sum of its distances. Under rules a level that cannot be played
    comes after all that can, the farther one gets the earlier (Deb 2000). The search ends early
    at a cost of 0. NumPy's global generator is neither used nor changed.

    Args:
        walker: whose rules levels have to follow; None for no rules.
        evaluations: levels that are looked at, at most.
        method: `cma`, or `random`: latents as training draws them.

    Raises:
        ValueError: no property, no evaluation, an unknown method, or `cma` is not installed.

    Example:
        >>> maker = LevelMaker(tgan.load("runs/levels"))
        >>> wanted = [parse_property("count:E=4", maker.tiles)]
        >>> search_level(maker, wanted, walker=Walker()).distance
        0.0
    """
    check_method(method)
    if not properties:
        raise ValueError("a search needs a property, such as count:E=4")
    if evaluations < 1:
        raise ValueError(f"evaluations {evaluations} is below 1")
    rng = numpy_rng(Stream.LEVEL_SEARCH, seed)
    best, lowest, history = None, np.inf, []
    for latents, tell in METHODS[method](maker.size, rng, evaluations):
        levels = maker.of_latents(latents)
        costs = [_cost(level, properties, maker, walker) for level in levels]
        for latent, level, cost in zip(latents, levels, costs, strict=True):
            if cost < lowest:
                best, lowest = (level, latent), cost
            history.append(lowest)
        if lowest == 0:
            break
        tell(costs)
    assert best is not None
    level, latent = best
    return Found(
        level=level,
        latent=latent,
        distance=sum(each.distance(level) for each in properties),
        progress=None if walker is None else walker.progress(level, maker.tiles),
        evaluations=len(history),
        history=history,
    )


def check_method(method: str) -> None:
    """Raise a ValueError unless levels can be searched so: an unknown name, or no `cma` here."""
    look_up(METHODS, method, kind="method")
    if method == "cma":
        require("cma", extra="levels", purpose="searches in latents")


def _cost(
    level: np.ndarray, properties: Sequence[Property], maker: LevelMaker, walker: Walker | None
) -> float:
    progress = 1.0 if walker is None else walker.progress(level, maker.tiles)
    if progress < 1:
        return UNPLAYABLE - progress
    return sum(each.distance(level) for each in properties)


def _by_cma(size: int, rng: np.random.Generator, evaluations: int) -> Generations:
    """Generations of CMA-ES, which begins anew elsewhere where it has come to an end."""
    from cma import CMAEvolutionStrategy

    options = {
        "bounds": [-1, 1],
        "randn": lambda *shape: rng.standard_normal(shape),
        # Do not seed NumPy's global generator, from the clock or otherwise.
        "seed": np.nan,
        "verbose": -9,
        "verb_log": 0,
    }
    left, start = evaluations, np.zeros(size)
    while True:
        strategy = CMAEvolutionStrategy(start, SIGMA, options)
        while not strategy.stop():
            asked = strategy.ask()
            if left < len(asked):
                yield np.array(asked[:left]), lambda costs: None
                return
            left -= len(asked)
            yield np.array(asked), partial(strategy.tell, asked)
            if not left:
                return
        start = rng.uniform(-1, 1, size)


def _at_random(size: int, rng: np.random.Generator, evaluations: int) -> Generations:
    for first in range(0, evaluations, GENERATION):
        count = min(GENERATION, evaluations - first)
        yield rng.uniform(-1, 1, (count, size)), lambda costs: None


METHODS: dict[str, Callable[[int, np.random.Generator, int], Generations]] = {
    "cma": _by_cma,
    "random": _at_random,
}
