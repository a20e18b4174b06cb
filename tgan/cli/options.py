"""Options that commands share, and types that check a value while it is parsed."""

import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable

# Pixels a side of what is asked for: far more than memories hold activations of.
MAX_SIDE = 8192


def at_least(low: int) -> Callable[[str], int]:
    """The type of a whole number from `low` on."""
    return lambda text: _whole_number(text, low, None)


def between(low: int, high: int) -> Callable[[str], int]:
    """The type of a whole number from `low` to `high`."""
    return lambda text: _whole_number(text, low, high)


def seconds(text: str) -> float:
    """The type of a time above 0, a whole number as int."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise ArgumentTypeError(f"'{text}' is no number of seconds above 0")
    return int(number) if number.is_integer() else number


def height_and_width(text: str) -> tuple[int, int]:
    """The type of a size such as `96x200`, height first."""
    height, cross, width = text.lower().partition("x")
    if not (cross and height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise ArgumentTypeError(f"'{text}' is no height and width, such as 96x200")
    if max(int(height), int(width)) > MAX_SIDE:
        raise ArgumentTypeError(f"'{text}': a side is above {MAX_SIDE}")
    return int(height), int(width)


def names(text: str) -> list[str]:
    """The type of names with commas between, each once."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise ArgumentTypeError(f"'{text}'; names with commas between are needed")
    return list(dict.fromkeys(found))


def add_device(parser: ArgumentParser) -> None:
    """Add `--device`, as `tgan.system.device.pick_device` takes it."""
    parser.add_argument("--device", default="auto", help="cpu, cuda, ... (default: what there is)")


def add_weights(parser: ArgumentParser) -> None:
    """Add `--weights`, as `tgan.load` takes it."""
    parser.add_argument(
        "--weights",
        choices=["auto", "generator", "average"],
        default="auto",
        help="the generator's own, or their running mean (default: the mean if there is one)",
    )


def add_overwrite(parser: ArgumentParser, what: str = "the file that is there") -> None:
    """Add `--overwrite`, which replaces `what`."""
    parser.add_argument("--overwrite", action="store_true", help=f"replace {what}")


def _whole_number(text: str, low: int, high: int | None) -> int:
    limits = f"from {low} on" if high is None else f"from {low} to {high}"
    try:
        number = int(text)
    except ValueError:
        number = low - 1
    if number < low or (high is not None and number > high):
        raise ArgumentTypeError(f"'{text}' is no whole number {limits}")
    return number
