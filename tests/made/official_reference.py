"""Where the recordings of the authors' program lie."""

import os
from pathlib import Path

import pytest

VARIABLE = "TGAN_OFFICIAL_REFERENCE"
DEFAULT = Path(__file__).parents[3] / "shared" / "reference" / "official_tgan"


def official_reference() -> Path:
    """The directory that the variable names, else the shared one; skips where that is absent.

    A directory that was named is meant: it fails the test where it is not there.
    """
    if named := os.environ.get(VARIABLE):
        if not Path(named).is_dir():
            pytest.fail(f"{VARIABLE} names '{named}', which is no directory")
        return Path(named)
    if not DEFAULT.is_dir():
        pytest.skip("needs ../shared/reference/official_tgan, which is not here")
    return DEFAULT
