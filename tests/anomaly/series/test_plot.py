"""Pictures of scored series: what is drawn where."""

import importlib.util
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.plot import (
    _SPANS,
    MOST_CHANNELS,
    _channels,
    _thinned,
    check_installed,
    write_plot,
)
from tgan.anomaly.series.scoring.scores import Scores

pytest.importorskip("matplotlib")
SIGNAL, KNOWN, FOUND = (0x30, 0x34, 0x3B), (142, 36, 170), (242, 160, 0)


def scored_of(values, made=None, *, first=1_700_000_000, step=600):
    values = np.array(values, np.float64).reshape(len(values), -1)
    names = tuple(f"c{number}" for number in range(values.shape[1]))
    series = Series(first + step * np.arange(len(values), dtype=np.int64), values, names)
    made = np.zeros_like(values) if made is None else made
    scores = np.linspace(0, 5, len(values))
    return Scores(series, made, scores, scores)


def size_of(path):
    with Image.open(path) as picture:
        return picture.size


def read(path):
    with Image.open(path) as opened:
        return np.asarray(opened.convert("RGB")).astype(int)


def pixels(path, colour, *, tolerance=30):
    """Where a picture has about a colour: (height, width) bool."""
    return (np.abs(read(path) - colour) <= tolerance).all(2)


def reds(path):
    """Where a picture is red, or pale red as at the edge of a line."""
    red, green, blue = np.moveaxis(read(path), 2, 0)
    return (red - green > 60) & (np.abs(green - blue) < 40)


@pytest.fixture
def plot(tmp_path):
    def plot(scored, **options):
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.png"
        write_plot(path, scored, **{"found": [], **options})
        return path

    return plot


def test_the_same_arguments_give_the_same_bytes(plot):
    wave = scored_of(np.sin(np.arange(300) / 9))
    one, other = plot(wave, title="a wave"), plot(wave, title="a wave")
    assert one.read_bytes() == other.read_bytes()
    assert set(Image.open(BytesIO(one.read_bytes())).info) <= {"dpi"}
    assert sorted(path.suffix for path in one.parent.iterdir()) == [".png", ".png"]


def test_what_is_found_known_and_a_level_show_where_they_are(plot):
    wave = scored_of(np.sin(np.arange(400) / 9))
    times = wave.series.timestamps
    early, late = [(times[40], times[120])], [(times[300], times[340])]
    bare = plot(wave)
    assert not any(pixels(bare, colour).any() for colour in (KNOWN, FOUND))
    assert not reds(bare).any()
    path = plot(wave, found=early, labels=late, level=2.5)
    legend = 30  # Rows that it is in.
    for colour, (low, high) in {FOUND: (40, 120), KNOWN: (300, 340)}.items():
        columns = np.flatnonzero(pixels(path, colour)[legend:].any(0))
        width = size_of(path)[0]
        # The axes begin after the numbers of ticks.
        shares = (columns[[0, -1]] - 0.05 * width) / (0.93 * width)
        np.testing.assert_allclose(shares, [low / 400, high / 400], atol=0.03)
    assert reds(path)[legend:].sum() > 300


def test_a_gap_is_a_gap_in_the_line_and_what_stands_alone_is_a_dot(plot):
    values = np.full(90, np.nan)
    values[:30] = values[60:] = np.sin(np.arange(30)) + 9
    values[45] = 9
    dark = pixels(plot(scored_of(values)), SIGNAL, tolerance=60)
    # Between title and ticks of the upper panel, where only the signal is: the made one is 0.
    panel = dark[75:200, 60:]
    share = panel.any(0).reshape(-1)
    third = len(share) // 3
    middle = share[third + 30 : -third - 30]
    assert share[:third].mean() > 0.8 and share[-third:].mean() > 0.7
    assert 1 <= middle.sum() <= 8


def test_a_panel_for_each_channel_of_few_and_the_worst_of_many(plot):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(100, 11)) * 10.0 ** rng.integers(-3, 4, 11)
    values[::3, 1] = values[:, 10] = np.nan
    heights = [size_of(plot(scored_of(values[:, :count])))[1] for count in (1, 8, 11)]
    assert heights[0] < heights[1] == heights[2]
    made = values * np.array([1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0])
    assert _channels(scored_of(values[:, :MOST_CHANNELS])) == list(range(8))
    found = _channels(scored_of(values, np.nan_to_num(made)))
    assert set(found) >= {1, 3, 4, 5, 7, 8, 9} and found == sorted(found) and len(found) == 8


def test_a_long_line_keeps_the_extremes_of_every_span_and_its_long_gaps():
    values = np.random.default_rng(1).normal(size=100_003)
    values[20_000:30_000] = np.nan
    values[50_001] = np.nan
    x = np.arange(len(values))
    kept, found = _thinned(x, values)
    assert len(kept) <= 2 * _SPANS and (np.diff(kept) >= 0).all()
    known = ~np.isnan(found)
    np.testing.assert_array_equal(values[kept[known]], found[known])
    size = -(-len(values) // _SPANS)
    for start in range(0, len(values), size):
        span = values[start : start + size]
        got = found[(kept >= start) & (kept < start + size)]
        if np.isnan(span).all():
            assert np.isnan(got).all()
        else:
            assert (got.min(), got.max()) == (np.nanmin(span), np.nanmax(span))
    short = x[: 4 * _SPANS]
    assert _thinned(short, short)[0] is short


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (np.zeros(50), 0),
        (np.full(50, 1e40), 1_700_000_000),
        (np.arange(50) * 1e6, -(10**11)),
        (np.eye(50)[0] * 1e-9, -1),
    ],
)
def test_unusual_values_and_times_are_drawn(plot, recwarn, values, first):
    title = "a $title$ with_signs^ " * 9
    assert size_of(plot(scored_of(values, first=first), title=title))[0] == 1320
    assert not recwarn


def test_without_matplotlib_a_line_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'tgan-video\[series\]'"):
        check_installed()
    with pytest.raises(ValueError, match="plots of series need matplotlib: pip install"):
        write_plot(tmp_path / "a.png", scored_of(np.zeros(5)), found=[])
    assert not list(tmp_path.iterdir())
