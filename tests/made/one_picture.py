"""A picture, and the smallest run that learns it: a second."""

import numpy as np
from PIL import Image

from tgan.config import Config
from tgan.config.reading import make_config

HEIGHT, WIDTH = 14, 20


def write_picture(path, height=HEIGHT, width=WIDTH):
    """A PNG of smooth colours and a bright square."""
    rows, columns = np.mgrid[:height, :width]
    pixels = np.stack([rows * 8, columns * 6, 200 - rows * 4], -1).clip(0, 255)
    pixels[height // 3 : height // 2, width // 3 : width // 2] = 255
    Image.fromarray(pixels.astype(np.uint8)).save(path)
    return path


def picture_config(path, **settings) -> Config:
    """Two stages, of 11x16 and 14x20 pixels, two steps each."""
    small = {"data.resolution": WIDTH, "generator.scales": 2, "generator.coarsest": 11}
    small |= {"generator.width": 4, "critic.width": 4, "train.steps": 4}
    small |= {"log.every": 1, "log.preview_count": 2, "log.trackers": []}
    return make_config("configs/singan.yaml", {"data.path": str(path), **small, **settings})
