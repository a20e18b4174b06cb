"""Settings of a saved detector, read without its networks and without torch."""

from pathlib import Path
from typing import Any

from tgan.anomaly.series.data.grid import check_interval
from tgan.system.folders import MissingFile, plain_file, read_json_object

VERSION = 1
SETTINGS, WEIGHTS = "detector.json", "networks.safetensors"
# What gaps were filled with before detectors said so; their segments began at the first sample.
FORMER_FILL = "mean"
# Bytes of settings, in which the scaling of thousands of channels is.
MAX_SETTINGS = 2**26
# Errors that JSON of another form, or with values of other types, leads to.
UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RuntimeError)


def read_settings(folder: str | Path) -> dict[str, Any]:
    """Read the settings and statistics that `tgan.anomaly.series.saved.save_detector` wrote.

    Raises:
        ValueError: no such folder, a file in it that is missing or damaged, or another version.
    """
    folder = Path(folder)
    for name in (SETTINGS, WEIGHTS):
        try:
            plain_file(folder, name)
        except MissingFile:
            message = f"'{folder}' has no {name}: not a folder of a detector"
            raise ValueError(message) from None
    try:
        described = read_json_object(folder, SETTINGS, at_most=MAX_SETTINGS)
        version, fitted = described["version"], described["fitted"]
        if version != VERSION:
            raise ValueError(f"its version is {version}, and this program reads {VERSION}")
        if not isinstance(fitted["names"], list):
            raise ValueError("its names are no list")
        fitted["interval"] = check_interval(fitted["interval"])
    except UNREADABLE as error:
        raise unreadable(folder, error) from error
    return described


def unreadable(folder: Path, error: Exception) -> ValueError:
    """Make the error of a folder that cannot be read, in one line."""
    missing = isinstance(error, KeyError)
    lines = str(error).splitlines() or [type(error).__name__]
    reason = f"{SETTINGS} has no {error}" if missing else lines[0]
    return ValueError(f"'{folder}' is not a detector that can be read: {reason}")
