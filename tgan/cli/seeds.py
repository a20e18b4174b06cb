"""Seeds, sums of seeds and grids, as command lines write them."""

import math

from tgan.sampling.plans import MAX_SEEDS


def parse_seeds(text: str, *, option: str = "--seeds") -> list[int]:
    """Seeds from text such as `0-15` or `3,5,10-12`.

    Raises:
        ValueError: anything else, or more than `MAX_SEEDS`; `option` is what it blames.
    """
    seeds: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        if not first.strip().isdecimal() or (dash and not last.strip().isdecimal()):
            raise ValueError(
                f"{option} '{text}'; numbers and ranges are needed, such as 0-15 or 3,7"
            )
        begin, end = int(first), int(last or first) + 1
        if end <= begin:
            raise ValueError(f"{option} '{text}': the range {part} runs backwards")
        if len(seeds) + end - begin > MAX_SEEDS:
            raise ValueError(f"{option} '{text}' are more than {MAX_SEEDS}")
        seeds.extend(range(begin, end))
    return seeds


def parse_sum(text: str) -> list[tuple[int, list[int]]]:
    """Pairs of a sign (1 or -1) and seeds from text such as `3,5,8 - 1-2 + 4`.

    Spaces tell a minus from the dash of a range.

    Raises:
        ValueError: anything else.
    """
    groups, signs = text.split()[::2], text.split()[1::2]
    if len(groups) != len(signs) + 1 or not set(signs) <= {"+", "-"}:
        raise ValueError(
            f"--arithmetic '{text}'; groups of seeds with ' + ' or ' - ' between are needed, "
            "such as '3,5,8 - 1,2 + 4'"
        )
    signed = zip(["+", *signs], groups, strict=True)
    return [(int(f"{sign}1"), parse_seeds(group, option="--arithmetic")) for sign, group in signed]


def parse_grid(text: str | None, count: int) -> tuple[int, int]:
    """Rows and columns from text such as `4x4`; nearly square for `count` samples if None.

    Raises:
        ValueError: anything else, or too few cells.
    """
    if text is None:
        columns = math.ceil(math.sqrt(count))
        return math.ceil(count / columns), columns
    rows, cross, columns = text.lower().partition("x")
    if not cross or not rows.isdecimal() or not columns.isdecimal():
        raise ValueError(f"--grid '{text}'; rows and columns are needed, such as 4x4")
    if int(rows) * int(columns) < count:
        raise ValueError(f"--grid {text} has fewer cells than the {count} videos")
    return int(rows), int(columns)
