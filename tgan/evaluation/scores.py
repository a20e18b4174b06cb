"""Scores: numbers with their protocols, as a table, a dict and a JSON file."""

import json
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tgan import __version__
from tgan.lookup import did_you_mean
from tgan.system.files import check_not_there, check_writable, write_whole

Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, repr=False)
class Score:
    """A number with all that belongs to it.

    Example:
        >>> score = scores["kid_pooled192"]
        >>> score.value, score.stderr, score.protocol["samples"]
        (0.0031, 0.0004, 2048)

    Attributes:
        details: `value`, `protocol`, and what else the metric gives, as in the JSON file.
    """

    details: Mapping[str, Any]

    @property
    def value(self) -> float | None:
        """The number; None where there is none, such as a ratio of errors without any."""
        return self.details.get("value")

    @property
    def stderr(self) -> float | None:
        """Its standard error, where the metric has one."""
        return self.details.get("stderr")

    @property
    def real(self) -> float | None:
        """The same number of real clips, where the metric has one."""
        real = self.details.get("real", {})
        return real.get("value") if isinstance(real, Mapping) else None

    @property
    def warning(self) -> str | None:
        """Why it needs care, if it does."""
        return self.details.get("warning")

    @property
    def protocol(self) -> Mapping[str, Any]:
        """What it depends on: network, clips, seeds, number of samples, ..."""
        return self.details.get("protocol", {})

    def __repr__(self) -> str:
        text = _number(self.value)
        if "interval" in self.details:
            low, high = (f"{bound:.3g}" for bound in self.details["interval"])
            return f"{text} ({low} to {high}; {self.details['verdict']})"
        spread = self.details.get("stderr", self.details.get("std"))
        return text if spread is None else f"{text} ± {spread:.2g}"


class Scores(Mapping[str, Score]):
    """The scores of an evaluation by the names of metrics; as text it is a table.

    Example:
        >>> scores = tgan.evaluate(run, metrics=["frechet_pooled192"], controls=["real"])
        >>> scores["frechet_pooled192"].value, scores.controls["real"]["frechet_pooled192"].value
        (4.13, 0.24)
        >>> scores.save("scores.json")

    Attributes:
        controls: scores of corrupted real clips that stand in for samples, by control and metric.
        settings: run, data, clips, seeds, sizes, networks, versions.
        warnings: what the numbers need care for.
    """

    def __init__(
        self,
        metrics: Results,
        controls: Mapping[str, Results] | None = None,
        *,
        settings: Mapping[str, Any] | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self._metrics = _scores(metrics)
        self.controls = {name: _scores(found) for name, found in (controls or {}).items()}
        self.settings = dict(settings or {})
        sides = (self._metrics, *self.controls.values())
        of_numbers = [f"{n}: {s.warning}" for side in sides for n, s in side.items() if s.warning]
        self.warnings = list(dict.fromkeys([*warnings, *of_numbers]))

    def __getitem__(self, name: str) -> Score:
        if name not in self._metrics:
            near = did_you_mean(name, self._metrics)
            raise KeyError(f"no score '{name}'{near}; there are {', '.join(self._metrics)}")
        return self._metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._metrics)

    def __len__(self) -> int:
        return len(self._metrics)

    def to_dict(self) -> dict[str, Any]:
        """All of it, fit for JSON: `metrics`, `controls`, and the settings."""
        controls = {name: _details(found) for name, found in self.controls.items()}
        return {"metrics": _details(self._metrics), "controls": controls, **self.settings}

    def save(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write a JSON file, whole or not at all.

        Raises:
            ValueError: there is something at `path` and `overwrite` is not set, it cannot be
                written, or a number is not finite.
        """
        check_writable(path)
        check_not_there(path, overwrite=overwrite)
        text = json.dumps(self.to_dict(), indent=2, allow_nan=False)
        write_whole(path, lambda part: part.write_text(text + "\n"))

    def __repr__(self) -> str:
        """Numbers by metric: of the samples with their spread, of real clips, of each control."""
        found = self._metrics
        sides = (found, *self.controls.values())
        names = list(dict.fromkeys(name for side in sides for name in side))
        columns = {"metric": names}
        if found:
            columns["samples"] = [repr(found[name]) if name in found else "-" for name in names]
        first = (next(side[name] for side in sides if name in side) for name in names)
        columns["real clips"] = [_number(score.real) for score in first]
        for control, side in self.controls.items():
            values = [side[name].value if name in side else None for name in names]
            columns[f"as samples: {control}"] = [_number(value) for value in values]
        return _aligned([list(columns), *zip(*columns.values(), strict=True)])


def versions() -> dict[str, str]:
    """Of what computes the numbers."""
    return {
        "tgan": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def _scores(results: Results) -> dict[str, Score]:
    return {name: Score(found) for name, found in results.items()}


def _details(scores: Mapping[str, Score]) -> dict[str, dict[str, Any]]:
    return {name: dict(score.details) for name, score in scores.items()}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _aligned(rows: Iterable[Sequence[str]]) -> str:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
