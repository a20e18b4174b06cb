"""Plans of samples: the latents of seeds, on walks between seeds, or sums of seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from tgan.media.sum_sheet import BLOCK, SumSheet

if TYPE_CHECKING:
    from torch import Tensor


# All samples are held in memory until the file is written.
MAX_SEEDS = 1_000_000


class Plan(Protocol):
    """A list of videos to make.

    `grid` lays them out, None if any layout is as good; `sheet` draws them in a way of its own.
    """

    @property
    def grid(self) -> str | None: ...

    @property
    def sheet(self) -> SumSheet | None: ...

    def __len__(self) -> int: ...

    def latents(self, size: int) -> Tensor:
        """Their slow latents (N, size), float32, on the CPU."""
        ...

    def classes(self, choices: Sequence[int]) -> list[int]:
        """The class of each, out of one or more choices."""
        ...


@dataclass(frozen=True)
class Samples:
    """One video per seed; classes are taken in turn."""

    seeds: list[int]
    grid = None
    sheet = None

    def __len__(self) -> int:
        return len(self.seeds)

    def latents(self, size: int) -> Tensor:
        from tgan.sampling.decoding import seed_latents

        return seed_latents(self.seeds, size)

    def classes(self, choices: Sequence[int]) -> list[int]:
        return [choices[i % len(choices)] for i in range(len(self))]


@dataclass(frozen=True)
class Walks:
    """`steps` videos from each seed to the next, a row for each walk, which has one class.

    Args:
        path: between two latents, a key of `tgan.sampling.latents.PATHS`.

    Raises:
        ValueError: fewer than 2 seeds or steps, or too many videos.
    """

    seeds: list[int]
    steps: int
    path: str = "slerp"
    sheet = None

    def __post_init__(self) -> None:
        if self.steps < 2:
            raise ValueError(f"a walk of {self.steps} steps is below 2: both ends are included")
        if len(self.seeds) < 2:
            raise ValueError(f"a walk needs 2 or more seeds; {len(self.seeds)} are there")
        if len(self) > MAX_SEEDS:
            raise ValueError(
                f"walks of {self.steps} steps make {len(self)} videos, over {MAX_SEEDS}"
            )

    def __len__(self) -> int:
        return (len(self.seeds) - 1) * self.steps

    @property
    def grid(self) -> str:
        return f"{len(self.seeds) - 1}x{self.steps}"

    def latents(self, size: int) -> Tensor:
        import torch

        from tgan.sampling.decoding import seed_latents
        from tgan.sampling.latents import walk

        ends = seed_latents(self.seeds, size)
        return torch.cat([walk(a, b, self.steps, kind=self.path) for a, b in pairwise(ends)])

    def classes(self, choices: Sequence[int]) -> list[int]:
        return [choices[i // self.steps % len(choices)] for i in range(len(self))]


@dataclass(frozen=True)
class Sums:
    """The mean of each group of seeds, in order, and then their sum with the groups' signs.

    With a `jitter` each mean comes after the samples that it is of, and the sum is followed by
    eight variants of it.

    Args:
        groups: a sign, 1 or -1, and seeds.
        jitter: the noise on the variants is uniform on plus or minus this.

    Source: Radford et al. 2016 (DCGAN), section 6.3.2 and Figure 7.
    """

    groups: list[tuple[int, list[int]]]
    jitter: float = 0

    def __len__(self) -> int:
        samples = sum(len(seeds) for _, seeds in self.groups)
        return len(self.groups) + (samples + BLOCK**2 if self.jitter else 1)

    @property
    def grid(self) -> str | None:
        return None if self.jitter else f"1x{len(self)}"

    @property
    def sheet(self) -> SumSheet | None:
        if not self.jitter:
            return None
        signs, groups = zip(*self.groups, strict=True)
        return SumSheet(list(signs), [len(seeds) for seeds in groups], self.jitter)

    def latents(self, size: int) -> Tensor:
        import torch

        from tgan.sampling.decoding import seed_latents
        from tgan.sampling.latents import combine, jittered

        terms = [(sign, seed_latents(seeds, size)) for sign, seeds in self.groups]
        total = combine(terms)
        if not self.jitter:
            return torch.stack([*(latents.mean(0) for _, latents in terms), total])
        rows = [torch.cat([latents, latents.mean(0, keepdim=True)]) for _, latents in terms]
        variants = jittered(total, BLOCK**2 - 1, amount=self.jitter)
        return torch.cat([*rows, total[None], variants])

    def classes(self, choices: Sequence[int]) -> list[int]:
        if len(choices) > 1:
            raise ValueError(f"a sum of latents has one class, not {len(choices)}: name a label")
        return list(choices) * len(self)
