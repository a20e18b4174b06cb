"""Small detectors, series to fit them to, and every stage of theirs by plain loops."""

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from tests.truths import tadgan as literal
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.scoring.reconstruction_errors import ERRORS
from tgan.anomaly.series.scoring.scores import NormalStatistics
from tgan.anomaly.series.scoring.settings import ScoringSettings

WINDOW, INTERVAL, HIDDEN = 20, 5, 8
SETTINGS = replace(
    PRESETS["dense"],
    window=WINDOW,
    latent_size=3,
    batch_size=8,
    encoder_settings={"units": 4},
    decoder_settings={"units": 4},
    window_critic_settings={"units": 4},
    steps=3,
)
CHANNELS = {1: ("a",), 2: ("a", "b")}


def irregular(channels=1, *, count=700, seed=0):
    """Samples at irregular times, some of which several share, with gaps and missing values."""
    rng = np.random.default_rng(seed)
    times = 1_000_000 + np.sort(rng.integers(0, 2 * count, count))
    keep = (times < times[0] + 250) | (times > times[0] + 310)
    times = times[keep]
    waves = [np.sin(times / (17 + 9 * c)) for c in range(channels)]
    values = np.stack(waves, 1) * 3 + 10 + 0.3 * rng.normal(size=(len(times), channels))
    values[rng.random(values.shape) < 0.05] = np.nan
    return Series(times, values, CHANNELS[channels])


@cache
def fitted(hidden, channels=1, seed=3, **scoring):
    settings = replace(SETTINGS, hidden=hidden)
    detector = TadGANDetector(
        settings, scoring=ScoringSettings(**scoring), interval=INTERVAL, seed=seed
    )
    return detector.fit(irregular(channels))


def rescored(detector, **scoring):
    """The same fitted detector with another scoring, but for its level."""
    other = TadGANDetector(detector.settings, scoring=ScoringSettings(**scoring))
    return vars(other).update({**vars(detector), "_scoring": ScoringSettings(**scoring)}) or other


def own_scores(values, reconstruction, *, smoothing, error="dtw"):
    """Scores of a series by its own reconstruction errors, as those of a baseline."""
    errors = ERRORS[error](values, reconstruction)
    normal = NormalStatistics.of(errors, smoothing=smoothing)
    return normal.scores(errors, combination="reconstruction")


def literal_segments(series, lead=0):
    """Means of segments by a loop: times and values, NaN where there are none."""
    times, rows, start = [], [], int(series.timestamps[0])
    while start - lead <= series.timestamps[-1]:
        since = series.timestamps - start + lead
        inside = (since >= 0) & (since < INTERVAL)
        known = [column[~np.isnan(column)] for column in series.values[inside].T]
        rows.append([column.mean() if len(column) else np.nan for column in known])
        times.append(start)
        start += INTERVAL
    return np.array(times), np.array(rows)


def literal_filled(values, means, longest=100):
    """Gaps of up to `longest` places on lines between their neighbours, longer ones with means."""
    filled = values.copy()
    for column, mean in zip(filled.T, means, strict=True):
        known = np.flatnonzero(~np.isnan(column))
        for place in np.flatnonzero(np.isnan(column)):
            before = max((k for k in known if k < place), default=-1)
            after = min((k for k in known if k > place), default=len(column))
            is_short = after - before - 1 <= longest
            column[place] = np.interp(place, known, column[known]) if is_short else mean
    return filled


def literal_measures(detector, series, training, error):
    """Every stage up to errors by itself, with plain loops but for the networks."""
    hidden, (_, of_training) = detector.settings.hidden, literal_segments(training, detector.lead_)
    margin = (WINDOW - hidden) // 2 if hidden else 0
    times, values = literal_segments(series, detector.lead_)
    low, high = np.nanmin(of_training, 0), np.nanmax(of_training, 0)
    means = np.nanmean(of_training, 0)
    is_mean = detector.fill == "mean"
    filled = literal_filled(values, means, longest=0 if is_mean else 100)
    scaled = 2 * (filled - low) / (high - low) - 1
    starts = range(len(scaled) - WINDOW + 1)
    windows = torch.tensor(
        np.array([scaled[i : i + WINDOW].T for i in starts]), dtype=torch.float32
    )
    networks, encoder = detector.networks_, detector.networks_["encoder"]
    with torch.no_grad():
        critic = networks["window_critic"](windows).double().numpy()
        if hidden:
            encoder, windows = encoder.network, windows.clone()
            windows[:, :, margin : margin + hidden] = 0
        made = networks["decoder"](encoder(windows)).double().numpy()
    made = literal_reconstruction(made.transpose(0, 2, 1), margin)
    critic = literal.critic_values(critic, WINDOW)
    errors = np.mean(
        [literal_errors(x, y, error) for x, y in zip(scaled.T, made.T, strict=True)], axis=0
    )
    inverse = (made + 1) / 2 * (high - low) + low
    return {"times": times, "values": values, "made": inverse, "critic": critic, "errors": errors}


def literal_reconstruction(made, margin):
    """Medians over the windows whose middle covers a time step; at the ends over all that do."""
    last = len(made) + WINDOW - 1 - margin
    medians = []
    for time in range(len(made) + WINDOW - 1):
        first, end = (margin, WINDOW - margin) if margin <= time < last else (0, WINDOW)
        covering = [
            made[start, time - start] for start in range(len(made)) if first <= time - start < end
        ]
        medians.append(np.median(covering, axis=0))
    return np.array(medians)


def literal_errors(values, made, error):
    if error == "point":
        return abs(values - made)
    if error == "area":
        return literal.area_errors(values, made)
    one, other = np.pad(values, 5), np.pad(made, 5)
    return [literal.warping(one[t : t + 11], other[t : t + 11]) for t in range(len(values))]


def literal_scores(found, usual, smoothing, combination):
    smoothed = literal.rolling_mean(usual["errors"], smoothing)
    rec = literal.rolling_mean(found["errors"], smoothing)
    rec = np.maximum((rec - smoothed.mean()) / smoothed.std(), 0) + 1
    low, high = np.quantile(usual["critic"], [0.25, 0.75])
    middle = np.mean([c for c in usual["critic"] if low <= c <= high])
    distances = abs(found["critic"] - middle) / usual["critic"].std() + 1
    critic = literal.rolling_mean(distances, smoothing)
    return {
        "product": critic * rec,
        "convex": (critic - 1) / 2 + (rec - 1) / 2,
        "mean": (critic + rec) / 2,
        "reconstruction": rec,
        "critic": critic,
    }[combination]
