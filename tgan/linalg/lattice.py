"""One axis of a convolution: which taps of the kernel read which positions of the input."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import count
from typing import NamedTuple

Sizes = int | Sequence[int]

# On an axis with so few outputs each position is a channel of its own, which is exact.
_FEW_OUTPUTS = 2


class Entry(NamedTuple):
    """A tap as stride 1 over phases sees it: it adds phase `phase`, `offset` behind, to `row`.

    Attributes:
        row: which of the axis's output channels.
        phase: which of its input channels.
    """

    row: int
    tap: int
    phase: int
    offset: int


@dataclass(frozen=True)
class Axis:
    """An axis of a convolution: output o reads input o * stride + tap * dilation - padding.

    A stride splits the input into phases, of every stride-th position: over the phases as channels
    the convolution has stride 1. Where there are one or two outputs, each of them and each input
    position counts as a channel, and no axis is left.

    Attributes:
        taps: K.
        size: of the input.

    Raises:
        ValueError: no output fits, or a number is out of range.
    """

    taps: int
    size: int
    stride: int
    padding: int
    dilation: int

    def __post_init__(self) -> None:
        least = {"taps": 1, "size": 1, "stride": 1, "padding": 0, "dilation": 1}
        for name, minimum in least.items():
            if getattr(self, name) < minimum:
                raise ValueError(f"convolution with {name} {getattr(self, name)}, below {minimum}")
        if self._slack < 0:
            raise ValueError(
                f"a kernel of {self.taps} taps (dilation {self.dilation}) does not fit in an input "
                f"of size {self.size} (padding {self.padding})"
            )

    @property
    def outputs(self) -> int:
        """The output's size."""
        return self._slack // self.stride + 1

    @property
    def unread(self) -> int:
        """Positions at the end of the padded input that no output reads."""
        return self._slack % self.stride

    @property
    def _slack(self) -> int:
        return self.size + 2 * self.padding - self.dilation * (self.taps - 1) - 1

    @cached_property
    def overlap(self) -> int:
        """The largest number of patches that an input position lies in."""
        reads = Counter(self._read(o, tap) for o in range(self.outputs) for tap in range(self.taps))
        return max((n for position, n in reads.items() if self._inside(position)), default=0)

    @property
    def rows(self) -> int:
        """Output channels that one channel of the convolution becomes."""
        return self.outputs if self.outputs <= _FEW_OUTPUTS else 1

    @cached_property
    def entries(self) -> list[Entry]:
        """What reads inside the input for some output.

        Phases are numbered from 0 without gaps; each counts its positions so that the first that
        is read by output 0 has offset 0.
        """
        read = [
            (row, tap, self._read(row, tap))
            for row in range(self.rows)
            for tap in range(self.taps)
            if any(self._inside(p) for p in self._reads(row, tap))
        ]
        phases = sorted({position % self._split for _, _, position in read})
        first = {
            phase: min(p // self._split for _, _, p in read if p % self._split == phase)
            for phase in phases
        }
        return [
            Entry(row, tap, phases.index(phase := p % self._split), p // self._split - first[phase])
            for row, tap, p in read
        ]

    @property
    def phases(self) -> int:
        """Input channels that one channel of the convolution becomes."""
        return max((entry.phase for entry in self.entries), default=0) + 1

    @property
    def offsets(self) -> int:
        """How far apart positions of a phase are that one output reads, and one."""
        return max((entry.offset for entry in self.entries), default=0) + 1

    @cached_property
    def period(self) -> int:
        """The shortest circle on which no output reads, around its end, a position in the input."""
        if self.rows == self.outputs:
            return 1
        used = [self._positions(entry) for entry in self.entries]
        return next(
            n
            for n in count(max(self.outputs, *(len(inside) for inside, _ in used)))
            if all(not {p % n for p in inside} & {p % n for p in beyond} for inside, beyond in used)
        )

    def _positions(self, entry: Entry) -> tuple[set[int], set[int]]:
        """In an entry's phase: positions inside the input, and those beyond it that it reads."""
        shift = self._read(entry.row, entry.tap)
        start, phase = shift // self.stride, shift % self.stride
        inside = {p // self.stride - start for p in range(phase, self.size, self.stride)}
        return inside, set(range(self.outputs)) - inside

    @property
    def _split(self) -> int:
        """The number of phases: one for each position where few outputs are channels."""
        return self.stride if self.rows < self.outputs else self.size + self.padding

    def _reads(self, row: int, tap: int) -> list[int]:
        """What a tap reads for all outputs of a row."""
        return [self._read(output, tap) for output in range(row, self.outputs, self.rows)]

    def _read(self, output: int, tap: int) -> int:
        return output * self.stride + tap * self.dilation - self.padding

    def _inside(self, position: int) -> bool:
        return 0 <= position < self.size


def make_axes(
    taps: Sequence[int],
    size: Sequence[int],
    *,
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
) -> list[Axis]:
    """The axes of a convolution; a number stands for the same one on every axis.

    Raises:
        ValueError: as `Axis`, or a sequence of another length.
    """
    columns = []
    for name, value in (("stride", stride), ("padding", padding), ("dilation", dilation)):
        column = [value] * len(taps) if isinstance(value, int) else list(value)
        if len(column) != len(taps):
            raise ValueError(f"{name} {tuple(column)} for a convolution over {len(taps)} axes")
        columns.append(column)
    return [_axis(*numbers) for numbers in zip(taps, size, *columns, strict=True)]


def kernel_axes(
    shape: Sequence[int],
    input_size: Sequence[int],
    stride: Sizes,
    padding: Sizes,
    dilation: Sizes,
    groups: int,
) -> list[Axis]:
    """The axes of a convolution whose kernel has this shape, (C_out, C_in / groups, *K).

    Raises:
        ValueError: as `make_axes`, more than 3 axes, or groups that do not split the outputs.
    """
    if len(shape) - 2 != len(input_size) or len(input_size) > 3:
        raise ValueError(
            f"a kernel of shape {tuple(shape)} does not act on inputs of size "
            f"{tuple(input_size)}: it needs {max(len(shape) - 2, 0)} axes, of 3 at most"
        )
    if groups < 1 or shape[0] % groups:
        raise ValueError(f"{shape[0]} output channels do not split into {groups} groups")
    return make_axes(shape[2:], input_size, stride=stride, padding=padding, dilation=dilation)


# An axis works out what reads what once, and the same few are asked for again and again.
_axis = lru_cache(maxsize=256)(Axis)
