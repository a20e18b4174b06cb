"""Results of image scoring: scores by method, their metrics, and the files that hold them."""

import csv
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from einops import rearrange

from tgan.anomaly.images.names import METRICS, SCORES, SHEET
from tgan.anomaly.images.pictures import Pictures
from tgan.anomaly.images.scores import MethodScores
from tgan.anomaly.images.sheet import write_sheet
from tgan.data.pixels import to_bytes
from tgan.lookup import counted
from tgan.metrics.detection import LEVEL, RESAMPLES, Estimate, detection_metrics
from tgan.system.files import check_files, write_files

Metrics = dict[str, dict[str, Estimate]]


@dataclass(frozen=True, eq=False, repr=False)
class ImageScores:
    """Scores of N pictures by each method, on the CPU.

    Attributes:
        pictures: which were scored.
        methods: scores, reconstructions and residuals as tensors, by method.
        about: of run and settings, for `metrics.json`.

    Example:
        >>> found = tgan.ImageDetector(run).score("my_pictures")
        >>> worst = found.names[found.scores["encoder"].argmax()]
        >>> found.write("anomalies")
    """

    pictures: Pictures
    methods: dict[str, MethodScores]
    about: dict[str, Any]

    @property
    def names(self) -> list[str]:
        """Names of the pictures' files, or their numbers from 0."""
        return self.pictures.names

    @property
    def classes(self) -> list[str | None]:
        """The class of each picture, None for one without a class."""
        return self.pictures.classes

    @property
    def scores(self) -> dict[str, np.ndarray]:
        """Scores (N,) by method, float32; higher is more abnormal."""
        return {name: found.scores.numpy() for name, found in self.methods.items()}

    @property
    def reconstructions(self) -> dict[str, np.ndarray]:
        """Reconstructions (N, H, W, C), uint8, by the methods that have some."""
        return {
            name: rearrange(to_bytes(found.reconstructions).numpy(), "n 1 h w c -> n h w c")
            for name, found in self.methods.items()
            if found.reconstructions is not None
        }

    def metrics(self, normal: Sequence[str]) -> Metrics:
        """Measure how well scores tell pictures of other classes from those of normal ones.

        Args:
            normal: names of the classes that are normal.

        Returns:
            `auc`, the area under the ROC curve, and `average_precision` of every method, as
            `tgan.metrics.detection.detection_metrics` has them.

        Raises:
            ValueError: a picture has no class, a class does not exist, or all pictures would be
                normal, or all abnormal.
        """
        is_abnormal = self.pictures.is_abnormal(normal)
        return {
            name: detection_metrics(scores, is_abnormal) for name, scores in self.scores.items()
        }

    def write(
        self, folder: str | Path, *, normal: Sequence[str] = (), overwrite: bool = False
    ) -> Path:
        """Write `scores.csv`, `sheet.png` and, where normal classes are named, `metrics.json`.

        All of them appear at once, or none.

        Args:
            normal: names of the classes that are normal.
            overwrite: whether files of these names may be there already.

        Returns:
            the folder.

        Raises:
            ValueError: a file that is not to be overwritten; as `metrics`.
        """
        check_files(folder, (SCORES, SHEET, METRICS), overwrite=overwrite)
        metrics = self.metrics(normal) if normal else None
        with write_files(folder) as part:
            self._write_scores(part / SCORES)
            write_sheet(part / SHEET, self.pictures.tensor, self.methods)
            if metrics is not None:
                report = self._report(metrics, list(normal))
                (part / METRICS).write_text(json.dumps(report, indent=2) + "\n")
        return Path(folder)

    def _write_scores(self, path: Path) -> None:
        """Write a line per picture: its name, its class if there are classes, and its scores."""
        labelled = bool(self.pictures.source.labels)
        columns = [self.names, *([self.classes] if labelled else [])]
        columns += [[f"{score:.7g}" for score in scores] for scores in self.scores.values()]
        # Names of files that are no UTF-8 are written with the bytes that they have.
        with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(["picture", *(["class"] if labelled else []), *self.methods])
            lines.writerows(zip(*columns, strict=True))

    def _report(self, metrics: Metrics, normal: list[str]) -> dict[str, Any]:
        """Metrics with the pictures and settings that they were measured on, for JSON."""
        abnormal = int(self.pictures.is_abnormal(normal).sum())
        return {
            "methods": {
                method: {name: asdict(estimate) for name, estimate in found.items()}
                for method, found in metrics.items()
            },
            "normal": normal,
            "pictures": {"normal": len(self.pictures) - abnormal, "abnormal": abnormal},
            "interval": {"kind": "stratified bootstrap", "level": LEVEL, "resamples": RESAMPLES},
            **self.about,
            "data": self.pictures.origin,
        }

    def __repr__(self) -> str:
        """A table: the range of each method's scores, and the picture with the highest."""
        rows = [["method", "lowest", "median", "highest", "most abnormal"]]
        for name, scores in self.scores.items():
            spread = (scores.min(), np.median(scores), scores.max())
            cells = (f"{float(value):.4g}" for value in spread)
            rows.append([name, *cells, self.names[int(scores.argmax())]])
        head = f"{counted(len(self.pictures), 'picture')} of {self.pictures.origin}"
        return f"{head}\n{aligned(rows)}"


def table(metrics: Metrics) -> str:
    """Format metrics as aligned text, a line per method."""
    rows = [["method", *next(iter(metrics.values()))]]
    for method, found in metrics.items():
        cells = (f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in found.values())
        rows.append([method, *cells])
    return aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Format rows of as many cells each as lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
