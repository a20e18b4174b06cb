"""Looks of strategies in plots: one colour for each, dashed and hollow with batch norms."""

from tgan.benchmarks.clipping.strategies import STRATEGIES, Strategy
from tgan.benchmarks.page.plots import Style, numbered_style


def looks() -> dict[str, Style]:
    """The look of every strategy, by its name and by its title, whichever of them take part."""
    families: dict[tuple, int] = {}
    found = {}
    for name, strategy in STRATEGIES.items():
        number = families.setdefault(_family(strategy), len(families))
        style = numbered_style(number, is_hollow=strategy.batch_norm)
        found |= {name: style, strategy.title: style}
    return found


def _family(strategy: Strategy) -> tuple:
    """What strategies of one colour have in common: all but batch norms."""
    return (*sorted(strategy.constraint.items()), strategy.objective)
