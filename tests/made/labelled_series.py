"""Series whose one anomaly, a bump, is known, and the smallest TadGAN."""

from dataclasses import replace

import numpy as np

from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.sets import Labelled
from tgan.anomaly.series.presets import PRESETS

TINY = replace(PRESETS["dense"], window=12, latent_size=2, steps=2)


def labelled(name="one", group="realAdExchange", seed=0):
    """300 hours of a sine with a bump, which is known."""
    values = np.sin(np.arange(300) / 5) + 0.05 * np.random.default_rng(seed).normal(size=300)
    values[200:210] += 5
    series = Series(np.arange(300, dtype=np.int64) * 3600, values[:, None], ("value",))
    return Labelled(group, name, 3600, series, series, [(200 * 3600, 209 * 3600)])


def write_ucr(data, number, *, seed=0):
    """Write a sine with a bump into the folder `data`, as a series of UCR's archive."""
    values = np.sin(np.arange(900) / 7) + 0.05 * np.random.default_rng(seed).normal(size=900)
    values[700:710] += 4
    (data / "ucr").mkdir(parents=True, exist_ok=True)
    name = f"{number}_UCR_Anomaly_sine_400_700_709.txt"
    (data / "ucr" / name).write_text("\n".join(map(str, values)))
