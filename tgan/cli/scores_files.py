"""What `tgan detect` writes and prints of scores: a CSV file, metrics in JSON, a table."""

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tgan.anomaly.images.encoder import weights_hash
from tgan.anomaly.images.pictures import class_names, picture_names
from tgan.cli.detectors import Detector
from tgan.data.clips import ClipSource
from tgan.metrics.detection import LEVEL, RESAMPLES, Estimate, detection_metrics
from tgan.system.files import write_whole

Metrics = dict[str, dict[str, Estimate]]


def write_scores(path: Path, source: ClipSource, columns: Mapping[str, np.ndarray]) -> None:
    """Write a line per picture: its name, its class where there are classes, and its scores."""
    classes = class_names(source)
    head = ["picture", *(["class"] if source.labels else []), *columns]

    def write(part: Path) -> None:
        with part.open("w", newline="", encoding="utf-8") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow(head)
            for index, name in enumerate(picture_names(source)):
                label = [classes[index]] if source.labels else []
                scores = [f"{column[index]:.7g}" for column in columns.values()]
                lines.writerow([name, *label, *scores])

    write_whole(path, write)


def metrics_of(columns: Mapping[str, np.ndarray], is_abnormal: np.ndarray) -> Metrics:
    """Area under the ROC curve and average precision of every method."""
    return {name: detection_metrics(scores, is_abnormal) for name, scores in columns.items()}


def write_metrics(path: Path, metrics: Metrics, detector: Detector) -> None:
    """Write metrics with what they were measured on."""
    arguments, abnormal = detector.arguments, int(detector.is_abnormal.sum())
    report = {
        "methods": {
            method: {name: asdict(estimate) for name, estimate in found.items()}
            for method, found in metrics.items()
        },
        "normal": arguments.normal,
        "pictures": {"normal": len(detector.source) - abnormal, "abnormal": abnormal},
        "interval": {"kind": "stratified bootstrap", "level": LEVEL, "resamples": RESAMPLES},
        "search": {name: getattr(arguments, name) for name in ("steps", "restarts", "seed")},
        "run": str(arguments.run),
        "generator": weights_hash(detector.generator),
        "data": arguments.pictures,
    }
    text = json.dumps(report, indent=2) + "\n"
    write_whole(path, lambda part: part.write_text(text))


def table(metrics: Metrics) -> str:
    """Metrics as aligned text."""
    names = list(next(iter(metrics.values())))
    rows = [["method", *names]]
    for method, found in metrics.items():
        cells = (f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}]" for e in found.values())
        rows.append([method, *cells])
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = (
        "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
