"""Packs: samples of a batch that a critic scores together, as one (PacGAN, Lin et al. 2018).

A pack is of consecutive samples, so that it stays within the process that has them.
"""

from einops import rearrange
from torch import Tensor, nn


def packs_of(critic: nn.Module) -> int:
    """How many samples a critic scores at once: its attribute `packs`, 1 where it has none."""
    return getattr(critic, "packs", 1)


def check_packs(packs: int, *, conditions: int = 0) -> None:
    """Raise a ValueError for packs below 1, or for packs of samples that have conditions."""
    if packs < 1:
        raise ValueError(f"a critic of packs of {packs}: they start at 1")
    if packs > 1 and conditions:
        raise ValueError(f"a critic of packs of {packs} takes no class labels and no input picture")


def in_packs(samples: Tensor, packs: int) -> Tensor:
    """Samples (N, ...) as packs (N / packs, packs, ...); alone they stay as they are.

    Raises:
        ValueError: N is no multiple of `packs`.
    """
    if packs == 1:
        return samples
    if len(samples) % packs:
        raise ValueError(f"{len(samples)} samples are no packs of {packs}")
    return samples.unflatten(0, (-1, packs))


def out_of_packs(samples: Tensor, packs: int) -> Tensor:
    """The samples (N, ...) of packs (N / packs, packs, ...)."""
    return samples if packs == 1 else samples.flatten(0, 1)


def concatenated(samples: Tensor, packs: int) -> Tensor:
    """Samples (N, C, ...) as (N / packs, packs C, ...): one behind the other in the channels.

    Raises:
        ValueError: N is no multiple of `packs`.

    Source: Lin et al. 2018, section 3.
    """
    if packs == 1:
        return samples
    return rearrange(in_packs(samples, packs), "n m c ... -> n (m c) ...")
