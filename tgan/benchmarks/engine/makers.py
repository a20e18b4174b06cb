"""Makers of results, in words: an interrupted benchmark may go on at another commit."""

from collections import Counter
from collections.abc import Iterable, Mapping

from tgan.lookup import counted


def describe_makers(makers: Iterable[Mapping[str, str]]) -> str:
    """Who made how many jobs.

    Example:
        >>> describe_makers([{"commit": "abc"}, {"commit": "abc"}])
        'Done: 2 jobs with commit abc.'
    """
    counts = Counter(tuple(maker.items()) for maker in makers)
    described = [
        f"{counted(count, 'job')} with {', '.join(f'{name} {value}' for name, value in maker)}"
        for maker, count in counts.items()
    ]
    return f"Done: {'; '.join(described)}."
