"""Failures that a run survives: whatever is not the state of its training."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tgan.lookup import counted
from tgan.system.progress import write


class Tolerance:
    """Lets a run go on where something beside it fails; says so once for each kind.

    Example:
        >>> tolerance = Tolerance()
        >>> with tolerance.of("previews"):
        ...     raise OSError("no space left")
        warning: previews failed, training goes on: no space left
        >>> tolerance.summary()
        ['previews failed once (first: no space left)']
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._reasons: dict[str, str] = {}

    @contextmanager
    def of(self, what: str) -> Iterator[None]:
        """Let what is done here fail, but for requests to stop."""
        try:
            yield
        except Exception as error:  # noqa: BLE001
            self._counts[what] = self._counts.get(what, 0) + 1
            if what not in self._reasons:
                self._reasons[what] = " ".join(str(error).split()) or type(error).__name__
                reason = self._reasons[what]
                write(f"warning: {what} failed, training goes on: {reason}", file=sys.stderr)

    def summary(self) -> list[str]:
        """A line for each kind of failure, with how often it occurred."""
        return [
            f"{what} failed {'once' if count == 1 else counted(count, 'time')} "
            f"(first: {self._reasons[what]})"
            for what, count in self._counts.items()
        ]
