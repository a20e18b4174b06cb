"""Networks without numbers: names, types and shapes of tensors, before any memory is taken."""

from collections.abc import Callable

import torch
from torch import nn

from tgan.rng.weights import seeded
from tgan.system.memory import check_memory
from tgan.system.tensor_files import Claims, claims_of, size_of


def outline(make: Callable[[], nn.Module]) -> Claims:
    """Types and shapes of the tensors of the network that `make` builds, by name."""

    def on_meta() -> nn.Module:
        with torch.device("meta"):
            return make()

    # Seeded, so that the global generators are left as they are.
    return claims_of(seeded(on_meta, 0).state_dict())


def check_fits_memory(make: Callable[[], nn.Module], *, kind: str) -> None:
    """Refuse to build a network that is larger than the memory of this machine.

    Raises:
        ValueError: it is.
    """
    check_memory(size_of(outline(make)), f"the {kind} of these settings")
