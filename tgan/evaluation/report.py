"""Results as a JSON file, every number with its protocol, and as a table."""

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tgan import __version__
from tgan.system.files import write_whole

Results = Mapping[str, Mapping[str, Any]]


def versions() -> dict[str, str]:
    """Of what computes the numbers."""
    return {
        "tgan": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def with_protocol(results: Results, shared: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every number's own protocol completed by what all have in common."""
    return {
        name: {**found, "protocol": {**found["protocol"], **shared}}
        for name, found in results.items()
    }


def write_report(path: Path, report: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all; numbers that are not finite are refused."""
    text = json.dumps(report, indent=2, allow_nan=False)
    write_whole(path, lambda part: part.write_text(text + "\n"))


def table(results: Results, controls: Mapping[str, Results]) -> str:
    """Numbers by metric: of the samples with their spread, of real clips, of each control."""
    columns = {
        "metric": list(dict.fromkeys([*results, *(n for c in controls.values() for n in c)]))
    }
    names = columns["metric"]
    if results:
        columns["samples"] = [_with_spread(results.get(name, {})) for name in names]
    sides = [next(r[name] for r in (results, *controls.values()) if name in r) for name in names]
    columns["real clips"] = [_number(_real(found)) for found in sides]
    for control, found in controls.items():
        title = f"as samples: {control}"
        columns[title] = [_number(found.get(name, {}).get("value")) for name in names]
    widths = [max(len(title), *map(len, cells)) for title, cells in columns.items()]
    rows = [list(columns), *zip(*columns.values(), strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def warnings_of(results: Results) -> list[str]:
    """One line per number that needs care."""
    return [f"{name}: {found['warning']}" for name, found in results.items() if "warning" in found]


def _real(found: Mapping[str, Any]) -> float | None:
    """The same measure of real clips, where there is one."""
    real = found.get("real", {})
    return real.get("value") if isinstance(real, Mapping) else None


def _with_spread(found: Mapping[str, Any]) -> str:
    number = _number(found.get("value"))
    if "interval" in found:
        low, high = (f"{bound:.3g}" for bound in found["interval"])
        return f"{number} ({low} to {high}; {found['verdict']})"
    spread = found.get("stderr", found.get("std"))
    return number if spread is None else f"{number} ± {spread:.2g}"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
