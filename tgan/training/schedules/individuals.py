"""Individuals of a population: weights, buffers and optimiser of a generator, apart from it.

There is one network, which each individual enters in turn: it stays wrapped for its process and
watched as it is.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from tgan.training.learners import Learner
from tgan.training.state import Tensors, flatten_optimizer

NETWORK, OPTIMIZER = "network", "optimizer"
# Tables of tensors: `NETWORK` with weights and buffers by name, and `OPTIMIZER`, which is empty
# before the first update.
Individual = dict[str, Tensors]
Tree = TypeVar("Tree")


@torch.no_grad()
def taken(generator: Learner) -> Individual:
    """A copy of the individual that a generator is now."""
    tables = {
        NETWORK: generator.module.state_dict(),
        OPTIMIZER: flatten_optimizer(generator.optimizer),
    }
    return {
        table: {name: value.clone() for name, value in tensors.items()}
        for table, tensors in tables.items()
    }


@torch.no_grad()
def enter(individual: Individual, generator: Learner) -> None:
    """Have a generator be an individual, of which it takes a copy.

    Args:
        individual: with at most as many updates as the generator has had.
    """
    _copy(individual[NETWORK], generator.module.state_dict())
    if individual[OPTIMIZER]:
        _copy(individual[OPTIMIZER], flatten_optimizer(generator.optimizer))
    else:
        generator.optimizer.state.clear()


def chosen(place: Tensor, children: Sequence[Tree]) -> Tree:
    """The child at a place that only the device knows: nobody waits for it.

    Args:
        place: (1,), a whole number.
        children: tensors, or trees of such, all alike.
    """
    return tree_map(lambda *values: _at(place, values), children[0], *children[1:])


def _at(place: Tensor, values: tuple[Tensor, ...]) -> Tensor:
    if values[0].device != place.device:
        # What an optimiser keeps on the host counts updates, of which all have as many.
        return values[0]
    return torch.stack(values).index_select(0, place)[0]


def _copy(values: Tensors, into: Tensors) -> None:
    """Copy tensors by name; a table that was loaded may have another order."""
    # Optimisers keep numbers of updates on the host.
    for device in {tensor.device for tensor in into.values()}:
        names = [name for name, tensor in into.items() if tensor.device == device]
        torch._foreach_copy_([into[name] for name in names], [values[name] for name in names])
