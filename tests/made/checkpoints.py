"""Checkpoints that are compared, changed on disk, and dated back."""

import hashlib
import json
from pathlib import Path

import torch
import yaml

from tgan.training.checkpoint import Checkpoint


def assert_same_checkpoints(a: Checkpoint, b: Checkpoint) -> None:
    """The same step and the same tensors, bit for bit."""
    assert a.step == b.step and a.tensors.keys() == b.tensors.keys()
    for name, table in a.tensors.items():
        assert table.keys() == b.tensors[name].keys()
        for key, value in table.items():
            assert torch.equal(value, b.tensors[name][key]), f"{name}.{key}"


def rewrite(path: Path, name: str, text: str) -> None:
    """Put another text into a file of the checkpoint `path`, as if it had been written so."""
    (path / name).write_text(text)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["sha256"][name] = hashlib.sha256(text.encode()).hexdigest()
    (path / "manifest.json").write_text(json.dumps(manifest))


def date_back(path: Path) -> None:
    """Have the checkpoint `path` say of its classes and input picture what version 0.1 said."""
    facts = json.loads((path / "state.json").read_text())
    config = yaml.safe_load((path / "config.yaml").read_text())
    config["data"]["labels"] = facts.pop("classes")
    config["given"] = config["data"].pop("input")
    config["train"]["reconstruction"] = config["train"].pop("l1_weight")
    rewrite(path, "state.json", json.dumps(facts))
    rewrite(path, "config.yaml", yaml.safe_dump(config))
