"""Detectors as folders: settings and statistics in JSON, weights in safetensors."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from tgan.files import write_whole_folder
from tgan.tadgan.detector import Scoring, TadGANDetector
from tgan.tadgan.folder import SETTINGS, VERSION, WEIGHTS, read_settings
from tgan.tadgan.intervals import Threshold
from tgan.tadgan.scores import Reference
from tgan.tadgan.series import Scaler
from tgan.tadgan.settings import TadGANSettings
from tgan.tadgan.task import build_networks
from tgan.training.state import load_network


def save_detector(detector: TadGANDetector, folder: str | Path) -> None:
    """Write a fitted detector to a new folder, which appears whole or not at all.

    Raises:
        ValueError: the detector is not fitted, or the folder is there and not empty.
    """
    if not detector.networks_:
        raise ValueError("only a detector that was fitted can be saved")
    scaler = {name: values.tolist() for name, values in vars(detector.scaler_).items()}
    described = {
        "version": VERSION,
        "settings": asdict(detector.settings),
        "scoring": asdict(detector.scoring),
        "steps": detector.steps,
        "seed": detector.seed,
        "interval": detector.interval_,
        "names": detector.names_,
        "scaler": scaler,
        "reference": asdict(detector.reference_),
        "level": detector.level_,
    }
    tensors = {
        f"{name}.{key}": tensor.contiguous()
        for name, network in detector.networks_.items()
        for key, tensor in network.state_dict().items()
    }
    with write_whole_folder(folder) as part:
        (part / SETTINGS).write_text(json.dumps(described, indent=2) + "\n")
        save_file(tensors, part / WEIGHTS)


def load_detector(folder: str | Path, *, device: str | torch.device = "cpu") -> TadGANDetector:
    """Read what `save_detector` wrote; nothing in it is executed.

    Raises:
        ValueError: no such folder, or a file in it that is missing, damaged, of another version,
            or does not fit the other.
    """
    folder, described = Path(folder), read_settings(folder)
    try:
        detector = _described(described, device)
        tensors = load_file(folder / WEIGHTS)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"'{folder}' is not a detector that can be read: {error}") from error
    networks, _ = build_networks(detector.settings, seed=0)
    for name, network in networks.items():
        start = f"{name}."
        own = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
        load_network(network, own, name=name)
        networks[name] = network.to(device).eval()
    detector.networks_ = networks
    return detector


def _described(described: dict[str, Any], device: str | torch.device) -> TadGANDetector:
    """A detector with everything but its networks."""
    scoring = dict(described["scoring"])
    threshold = Threshold(**scoring.pop("threshold"))
    detector = TadGANDetector(
        TadGANSettings(**described["settings"]),
        scoring=Scoring(threshold=threshold, **scoring),
        interval=described["interval"],
        steps=described["steps"],
        seed=described["seed"],
        device=device,
    )
    arrays = {name: np.array(values) for name, values in described["scaler"].items()}
    detector.interval_, detector.names_ = described["interval"], tuple(described["names"])
    detector.scaler_ = Scaler(**arrays)
    detector.reference_ = Reference(**described["reference"])
    detector.level_ = float(described["level"])
    return detector
