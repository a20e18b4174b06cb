"""Slow implementations of TadGAN's post-processing, step by step, to compare with.

They are written from the protocol with plain loops, and share no code with the package.
"""

import math

import numpy as np
from scipy.integrate import trapezoid
from scipy.stats import gaussian_kde


def covering(num_windows: int, length: int, step: int) -> list[tuple[int, int]]:
    """The windows that cover a time step, each with the place of the step in it."""
    return [(step - j, j) for j in range(length) if 0 <= step - j < num_windows]


def reconstruct(windows):
    count, length, channels = windows.shape
    return np.array(
        [
            [
                np.median([windows[i, j, c] for i, j in covering(count, length, step)])
                for c in range(channels)
            ]
            for step in range(count + length - 1)
        ]
    )


def area_errors(values, made):
    found = []
    for t in range(len(values)):
        part = slice(max(0, t - 5), t + 5)
        found.append(abs(trapezoid(values[part]) - trapezoid(made[part])))
    return np.array(found)


def warping(one, other):
    best = np.full((len(one) + 1, len(other) + 1), math.inf)
    best[0, 0] = 0
    for i in range(len(one)):
        for j in range(len(other)):
            before = min(best[i, j], best[i, j + 1], best[i + 1, j])
            best[i + 1, j + 1] = (one[i] - other[j]) ** 2 + before
    return math.sqrt(best[-1, -1])


def orion_warped_errors(values, made):
    """Orion's loop as it stands: 11-sample windows, 5 zeros in front, the rest behind."""
    one, other = np.pad(values, 5), np.pad(made, 5)
    distances, i = [], 0
    while i < len(values) - 11:
        distances.append(warping(one[i : i + 11], other[i : i + 11]))
        i += 1
    return [0] * 5 + distances + [0] * (len(values) - len(distances) - 5)


def rolling_mean(values, window):
    """Centred: `(w - 1) // 2` samples after the step, and as many before as fill the window."""
    after = (window - 1) // 2
    found = []
    for t in range(len(values)):
        part = [
            values[s]
            for s in range(t + after - window + 1, t + after + 1)
            if s in range(len(values))
        ]
        assert len(part) >= window // 2
        found.append(math.fsum(part) / len(part))
    return np.array(found)


def critic_values(critic, length):
    found = []
    for step in range(len(critic) + length - 1):
        scores = np.array([critic[i] for i, _ in covering(len(critic), length, step)])
        try:
            density = gaussian_kde(scores)(scores) if len(scores) > 1 else [1.0]
            found.append(scores[np.argmax(density)])
        except np.linalg.LinAlgError:
            found.append(np.median(scores))
    return np.array(found)


def critic_scores(values, window):
    low, high = np.quantile(values, 0.25), np.quantile(values, 0.75)
    middle = np.mean([value for value in values if low <= value <= high])
    return rolling_mean([abs((value - middle) / np.std(values)) + 1 for value in values], window)


def reconstruction_scores(errors, window):
    smoothed = rolling_mean(errors, window)
    return np.array([max(0, (e - np.mean(smoothed)) / np.std(smoothed)) + 1 for e in smoothed])


def find_intervals(scores, *, padding=50, drop=0.13, first=False):
    """Samples (first, last) of each interval, through a mark on each sample of every window."""
    size = math.ceil(0.33 * len(scores))
    step = math.ceil(0.1 * size)
    marked = [False] * len(scores)
    start = 0
    while True:
        window = list(scores[start : start + size])
        for begin, end in _kept(window, padding, drop, first):
            for t in range(begin, end + 1):
                marked[start + t] = True
        if start + size >= len(scores):
            return _runs(marked)
        start += step


def _kept(window, padding, drop, first):
    threshold = np.mean(window) + 4 * np.std(window)
    hits = [t for t, score in enumerate(window) if score > threshold]
    mask = [any(abs(t - hit) <= padding for hit in hits) for t in range(len(window))]
    outside = [score for score, is_masked in zip(window, mask, strict=True) if not is_masked]
    sequences = sorted(_runs(mask), key=lambda run: -max(window[run[0] : run[1] + 1]))
    tops = [max(window[begin : end + 1]) for begin, end in sequences]
    tops.append(max(outside) if outside else 0)
    kept = 0
    for i in range(len(sequences)):
        is_large = (tops[i] - tops[i + 1]) / tops[i] >= drop
        if first:
            kept = i + 1
            if not is_large:
                break
        elif is_large:
            kept = i + 1
    return sequences[:kept]


def _runs(mask):
    runs = []
    for t, is_marked in enumerate(mask):
        if is_marked and t and mask[t - 1]:
            runs[-1] = (runs[-1][0], t)
        elif is_marked:
            runs.append((t, t))
    return runs
