"""Lists of names, as command lines write them."""

from collections.abc import Sequence


def parse_names(given: Sequence[str] | None, *, option: str) -> list[str]:
    """Names out of words that may have commas within, each once; none where none are given.

    Raises:
        ValueError: an empty name; `option` is what it blames.
    """
    if given is None:
        return []
    names = [name.strip() for word in given for name in word.split(",")]
    if not all(names):
        raise ValueError(f"{option} '{' '.join(given)}'; names with commas between are needed")
    return list(dict.fromkeys(names))
