"""Lists of names, as command lines write them."""

from collections.abc import Sequence


def parse_names(
    given: Sequence[str] | None, *, option: str, known: Sequence[str] = ()
) -> list[str]:
    """Names out of words that may have commas within, each once; none where none are given.

    Args:
        known: names that there are, which may have commas and spaces of their own.

    Raises:
        ValueError: an empty name; `option` is what it blames.
    """
    if given is None:
        return []
    words = [[word] if word in known else word.split(",") for word in given]
    names = [name if name in known else name.strip() for word in words for name in word]
    if not all(names):
        raise ValueError(f"{option} '{' '.join(given)}'; names with commas between are needed")
    return list(dict.fromkeys(names))
