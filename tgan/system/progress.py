"""Progress bars: of a terminal, of a notebook, or a line now and then in a log."""

import sys
from typing import Any, TextIO

from tqdm.auto import tqdm

# Seconds between two updates, where somebody watches and where a file is written.
WATCHED, LOGGED = 0.1, 30.0


def progress(total: int, *, unit: str, **settings: Any) -> tqdm:
    """A progress bar that counts to `total`; a line every half minute in a log.

    Args:
        settings: as for tqdm.
    """
    is_watched = sys.stderr.isatty() or "ipykernel" in sys.modules
    return tqdm(
        total=total,
        unit=unit,
        mininterval=WATCHED if is_watched else LOGGED,
        dynamic_ncols=True,
        **settings,
    )


def write(text: str, file: TextIO | None = None) -> None:
    """Print a line above the bars, to the standard output unless a file says otherwise."""
    tqdm.write(text, file=file)
