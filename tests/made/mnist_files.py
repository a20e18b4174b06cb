"""A tiny data set in the files of MNIST."""

import struct

import numpy as np


def write_mnist(root, name="MNIST", counts=(12, 5)):
    """A data set in MNIST's files as torchvision unpacks them, and its arrays by split."""
    folder, made = root / name / "raw", {}
    folder.mkdir(parents=True)
    for number, (split, count) in enumerate(zip(("train", "t10k"), counts, strict=True)):
        rng = np.random.default_rng(number)
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        labels = (np.arange(count) * 7 % 10).astype(np.uint8)
        header = struct.pack(">4I", 2051, count, 28, 28)
        (folder / f"{split}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        header = struct.pack(">2I", 2049, count)
        (folder / f"{split}-labels-idx1-ubyte").write_bytes(header + labels.tobytes())
        made[split] = images, labels
    return made
