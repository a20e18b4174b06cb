"""What a folder of a saved detector tells without its networks, and without torch."""

import json
from pathlib import Path
from typing import Any

VERSION = 1
SETTINGS, WEIGHTS = "detector.json", "networks.safetensors"


def read_settings(folder: str | Path) -> dict[str, Any]:
    """The settings and statistics that `tgan.tadgan.saved.save_detector` wrote, by name.

    Raises:
        ValueError: no such folder, a file in it that is missing or damaged, or another version.
    """
    folder = Path(folder)
    for name in (SETTINGS, WEIGHTS):
        if not (folder / name).is_file():
            raise ValueError(f"'{folder}' has no {name}: not a folder of a detector")
    try:
        described = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        version = described["version"]
        if version != VERSION:
            raise ValueError(f"version {version}; this program reads version {VERSION}")
        if not isinstance(described["interval"], int) or not isinstance(described["names"], list):
            raise ValueError("its interval is no whole number, or its names are no list")
    except KeyError as error:
        raise ValueError(f"'{folder}' is not a detector: {SETTINGS} has no {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"'{folder}' is not a detector that can be read: {error}") from error
    return described
