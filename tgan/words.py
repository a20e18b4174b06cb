"""Numbers of things in words."""


def counted(number: int, thing: str, several: str | None = None) -> str:
    """`1 video` or `2,000 videos`; `several` is the plural of a `thing` that takes no s."""
    return f"{number:,} {thing if number == 1 else several or f'{thing}s'}"
