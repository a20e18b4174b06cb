"""The one way from a name in a configuration to a member of a table."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

Member = TypeVar("Member")


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """` (did you mean 'x'?)` for the choice nearest to `name`, or an empty string."""
    near = difflib.get_close_matches(name, list(choices), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def look_up(table: Mapping[str, Member], name: str, *, kind: str) -> Member:
    """The member of `table` called `name`.

    Raises:
        ValueError: no such member; the message names the `kind` of thing, the value, the
            nearest name and all choices.
    """
    if name not in table:
        choices = ", ".join(sorted(table))
        raise ValueError(
            f"unknown {kind} '{name}'{did_you_mean(name, table)}; choose from {choices}"
        )
    return table[name]


def counted(number: float, thing: str, several: str | None = None) -> str:
    """`1 video` or `2,000 videos`; `several` is the plural of a `thing` that takes no s."""
    return f"{number:,} {thing if number == 1 else several or f'{thing}s'}"


def alternatives(choices: Iterable[object]) -> str:
    """Choices in words: `1`, `1 or 3`, or `1, 3 or 4`."""
    *others, last = map(str, choices)
    return f"{', '.join(others)} or {last}" if others else last
