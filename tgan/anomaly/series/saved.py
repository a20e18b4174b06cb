"""Saved detectors: folders with settings and statistics in JSON, weights in safetensors."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from tgan.anomaly.series.data.grid import check_interval
from tgan.anomaly.series.data.scaling import Scaler
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.folder import (
    FORMER_FILL,
    SETTINGS,
    UNREADABLE,
    VERSION,
    WEIGHTS,
    read_settings,
    unreadable,
)
from tgan.anomaly.series.scoring.intervals import Threshold
from tgan.anomaly.series.scoring.scores import NormalStatistics
from tgan.anomaly.series.scoring.settings import ScoringSettings
from tgan.anomaly.series.training.settings import NETWORKS, TadGANSettings
from tgan.anomaly.series.training.task import CRITICS, build_networks
from tgan.features.weights import load_state
from tgan.models.outline import outline
from tgan.system.device import usable_device
from tgan.system.files import write_whole_folder
from tgan.system.memory import check_memory
from tgan.system.tensor_files import read_claims, size_of
from tgan.training.state import check_same, load_network


def save_detector(detector: TadGANDetector, folder: str | Path) -> None:
    """Write a fitted detector to a new folder, which appears whole or not at all.

    Raises:
        ValueError: the detector is not fitted, or the folder exists and is not empty.

    Example:
        >>> save_detector(TadGANDetector().fit(normal), "detector")
        >>> load_detector("detector").detect(today)
    """
    if not detector.networks_:
        raise ValueError("the detector has to be fitted before it is saved")
    # Settings may be NumPy's numbers.
    described = _description(detector)
    text = json.dumps(described, indent=2, allow_nan=False, default=np.generic.item) + "\n"
    tensors = {
        f"{name}.{key}": tensor.cpu().contiguous()
        for name, network in detector.networks_.items()
        for key, tensor in network.state_dict().items()
    }
    with write_whole_folder(folder) as part:
        (part / SETTINGS).write_text(text, encoding="utf-8")
        save_file(tensors, part / WEIGHTS)


def load_detector(folder: str | Path, *, device: str | torch.device = "cpu") -> TadGANDetector:
    """Load a detector that `save_detector` wrote; nothing in the folder is executed.

    On the same kind of device, its scores equal those of the saved one bit for bit.

    Raises:
        ValueError: no such folder, a file in it that is missing, damaged, of another version, or
            does not fit the other, or a device that is not there.
    """
    # Checked first: it is not the fault of the folder.
    device = usable_device(device)
    folder, described = Path(folder), read_settings(folder)
    try:
        detector = _unfitted(described, device)
        _restore(detector, described["fitted"])
        _check_sizes(detector.settings, folder)
        detector.networks_ = _networks(detector, load_state(folder / WEIGHTS))
    except UNREADABLE as error:
        raise unreadable(folder, error) from error
    for network in detector.networks_.values():
        network.to(device)
    return detector


def _description(detector: TadGANDetector) -> dict[str, Any]:
    scaler = {name: values.tolist() for name, values in vars(detector.scaler_).items()}
    return {
        "version": VERSION,
        "settings": asdict(detector.settings),
        "scoring": asdict(detector.scoring),
        "interval": detector.interval,
        "fill": detector.fill,
        "allow_constant": detector.allow_constant,
        "seed": detector.seed,
        "fitted": {
            "interval": detector.interval_,
            "lead": detector.lead_,
            "names": detector.names_,
            "scaler": scaler,
            "reference": asdict(detector.statistics_),
            "level": detector.level_,
        },
    }


def _unfitted(described: Mapping[str, Any], device: torch.device) -> TadGANDetector:
    scoring = dict(described["scoring"])
    threshold = Threshold(**scoring.pop("threshold"))
    return TadGANDetector(
        TadGANSettings(**described["settings"]),
        scoring=ScoringSettings(threshold=threshold, **scoring),
        interval=described["interval"],
        fill=described.get("fill", FORMER_FILL),
        allow_constant=described["allow_constant"],
        seed=described["seed"],
        device=device,
    )


def _restore(detector: TadGANDetector, fitted: Mapping[str, Any]) -> None:
    """Set all that `fit` learned, except for the networks."""
    interval, names = check_interval(fitted["interval"]), fitted["names"]
    lead = fitted.get("lead", 0)
    if not isinstance(lead, int | float) or not 0 <= lead <= interval / 2:
        raise ValueError(f"lead {json.dumps(lead)} of segments of {interval} seconds")
    are_names = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not are_names or len(names) != detector.settings.channels:
        raise ValueError(f"names {names} of {detector.settings.channels} channels")
    detector.interval_, detector.lead_, detector.names_ = interval, lead, tuple(names)
    detector.scaler_ = Scaler(
        **{name: _numbers(name, v, shape=(len(names),)) for name, v in fitted["scaler"].items()}
    )
    reference = dict(fitted["reference"])
    smoothing = reference.pop("smoothing")
    numbers = {name: float(_numbers(name, value)) for name, value in reference.items()}
    detector.statistics_ = NormalStatistics(smoothing, **numbers)
    detector.level_ = float(_numbers("level", fitted["level"]))


def _numbers(name: str, value: Any, *, shape: tuple[int, ...] = ()) -> np.ndarray:
    """Check a number or a list of numbers from JSON.

    Raises:
        ValueError: something else, another length, or a number that is not finite.
    """
    found = np.array(value)
    if found.dtype.kind not in "if" or found.shape != shape or not np.isfinite(found).all():
        kind = f"{shape[0]} finite numbers" if shape else "a finite number"
        raise ValueError(f"{name} {json.dumps(value)} is not {kind}")
    return found.astype(np.float64)


def _check_sizes(settings: TadGANSettings, folder: Path) -> None:
    """Refuse settings that need more numbers than the file of weights holds, before any is read."""
    check_memory(4 * settings.channels * settings.window, f"a window of {settings.window} steps")
    claims = read_claims(folder / WEIGHTS)
    for name in NETWORKS:
        here = outline(partial(_network, settings, name))
        own = {key: claim for key, claim in claims.items() if key.startswith(f"{name}.")}
        there = {key.removeprefix(f"{name}."): claim for key, claim in own.items()}
        # A constraint adds to the tensors of a critic, and gives others new names.
        if name not in CRITICS:
            check_same(there, here, name=name)
        elif size_of(here) > size_of(there):
            raise ValueError(f"{name} needs {size_of(here):,} bytes, and has {size_of(there):,}")


def _network(settings: TadGANSettings, name: str) -> nn.Module:
    return settings.networks()[name]


def _networks(detector: TadGANDetector, tensors: Mapping[str, Tensor]) -> dict[str, nn.Module]:
    networks, _ = build_networks(detector.settings, seed=0)
    left = dict(tensors)
    for name, network in networks.items():
        own = [key for key in left if key.startswith(f"{name}.")]
        state = {key.removeprefix(f"{name}."): left.pop(key) for key in own}
        load_network(network, state, name=name)
        network.eval()
    if left:
        raise ValueError(f"{WEIGHTS} has '{next(iter(left))}', which belongs to no network")
    return networks
