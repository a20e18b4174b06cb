import itertools
import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from tgan.benchmarks.page.content import Line, Plot
from tgan.benchmarks.page.plots import (
    COLOURS,
    FONTS,
    Style,
    describe,
    draw,
    needs_legend,
    numbered_style,
    styles_of,
)

pytest.importorskip("matplotlib")

# Protanopia, deuteranopia, tritanopia at full strength, on linear RGB: Machado et al. 2009.
BLINDNESS = [
    np.eye(3),
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],  # noqa: E501
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],  # noqa: E501
    [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],  # noqa: E501
]  # fmt: skip
NAMES = [f"n{number}" for number in range(10)]
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x = TO_XYZ @ rgb.clip(0, 1) / [0.9505, 1.0, 1.089]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def looks(plot: Plot) -> dict[str, Style]:
    return styles_of((line.name for line in plot.lines), {})


def drawn(plot: Plot) -> ElementTree.Element:
    """The elements of a drawing, without their namespace."""
    root = ElementTree.fromstring(draw(plot, styles=looks(plot)))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def texts(root: ElementTree.Element) -> list[str]:
    return [element.text.replace("−", "-") for element in root.iter("text") if element.text]


def places_of_texts(root: ElementTree.Element) -> dict[str, tuple[float, float]]:
    return {t.text: (float(t.get("x")), float(t.get("y"))) for t in root.iter("text")}


def curves(names, **settings) -> Plot:
    x = [0, 100, 200]
    lines = [Line(name, x, [1.0 + k, 2.0 + k, 4.0 + k]) for k, name in enumerate(names)]
    return Plot("A plot", "updates", "distance", lines, **settings)


def test_colours_can_be_told_from_white_and_from_each_other():
    for colour in COLOURS:
        assert 1.05 / (linear(colour) @ TO_XYZ[1] + 0.05) >= 3
    for one, other in itertools.combinations(COLOURS, 2):
        for blindness in map(np.array, BLINDNESS):
            difference = lab(blindness @ linear(one)) - lab(blindness @ linear(other))
            assert np.linalg.norm(difference) >= 20, (one, other)


def test_many_looks_differ_and_the_first_in_their_colours():
    styles = [numbered_style(number, is_hollow=hollow) for number in range(64) for hollow in (0, 1)]
    assert len(set(styles)) == 128
    assert len({style.colour for style in styles[:16:2]}) == 8


def test_a_known_look_is_kept_and_no_other_name_gets_its_marker():
    known = {"a": numbered_style(2), "b": numbered_style(9, is_hollow=True)}
    styles = styles_of(["x", "a", "y", "x"], known)
    assert styles.keys() == {"a", "b", "x", "y"} and known.items() <= styles.items()
    assert not {styles["x"].marker, styles["y"].marker} & {styles["a"].marker, styles["b"].marker}
    assert styles["x"] != styles["y"]
    assert styles_of(["x", "y"], {}) == {"x": numbered_style(0), "y": numbered_style(1)}


def test_a_drawing_is_the_same_each_time_and_whole_by_itself():
    plot = curves(["svc", "svc_bn"], reference=(1.5, "truth"))
    first, second = (draw(plot, styles=looks(plot)) for _ in range(2))
    assert first == second
    ids = re.findall(r' id="([^"]+)"', first)
    assert ids and len(ids) == len(set(ids))
    links = re.findall(r"url\(#([^)]+)\)", first) + re.findall(r'href="#([^"]+)"', first)
    assert links and set(links) <= set(ids)
    # No dates and programs, and of addresses only the names of what SVG is.
    assert "<metadata" not in first
    addresses = set(re.findall(r"http[^\s\"]+", first))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)


def test_a_drawing_scales_and_has_the_fonts_of_the_page():
    root = drawn(curves(["svc"], reference=(1.5, "truth")))
    assert root.get("viewBox")
    assert f"text {{font-family: {FONTS} !important}}" in "".join(
        style.text for style in root.iter("style")
    )
    assert {"updates", "distance", "svc", "truth"} <= set(texts(root))


def test_a_description_says_what_can_be_seen():
    assert describe(curves(["svc"], reference=(1.5, "truth"))) == (
        "distance against updates. svc: 1.00 at 0, 4.00 at 200. truth: 1.50."
    )


def test_few_lines_are_named_at_their_ends_and_many_in_a_legend():
    few, many = curves(NAMES[:6]), curves(NAMES)
    assert not needs_legend(few) and needs_legend(many)
    assert set(NAMES[:6]) <= set(texts(drawn(few)))
    assert not set(NAMES) & set(texts(drawn(many)))


def test_names_at_the_ends_are_in_the_order_of_the_ends_and_apart():
    # Ends all but on each other, in another order than the lines.
    lines = [Line(f"n{k}", [0, 1], [9.0, 1 + k * 0.001]) for k in (3, 0, 5, 1, 4, 2)]
    root = drawn(Plot("t", "x", "y", lines))
    heights = {text: y for text, (_, y) in places_of_texts(root).items()}
    from_below = [heights[f"n{k}"] for k in range(6)]
    gaps = -np.diff(from_below)
    assert (gaps > 9).all() and (gaps < 14).all(), from_below
    # They make way upwards, not into the numbers below the axis.
    assert from_below[0] < heights["0.0"] - 9


def test_logarithmic_axes_have_numbers_as_in_tables():
    lines = [Line("svc", [0.0, 1.0], [2e-6, 3e4])]
    told = texts(drawn(Plot("t", "x", "y", lines, log_y=True)))
    assert {"1e-6", "0.01", "1", "10,000"} <= set(told)
    short = texts(drawn(Plot("t", "x", "y", [Line("svc", [0, 1], [1.2, 2.8])], log_y=True)))
    ticks = short[short.index("x") + 1 : short.index("svc")]
    assert {"2", "2.2"} < set(ticks) and len(ticks) == len(set(ticks))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "values",
    [[-1.0, 0.0], [0.0, 5.0], [math.nan, 2.0], [math.inf, 2.0], [3.0, 3.0]],
    ids=["negative", "zero", "nan", "inf", "equal"],
)
def test_values_without_a_place_on_the_axis_leave_a_gap(values):
    line = Line("svc", [0, 1], values, [0.0, math.nan], values)
    for kind in ("lines", "points"):
        plot = Plot("t", "x", "y", [line], kind, True, reference=(0.0, "zero"))
        assert "y" in texts(drawn(plot))


def test_nothing_finite_is_not_drawn():
    for lines in ([], [Line("svc", [], [])], [Line("svc", [1, 2], [math.nan, math.inf])]):
        assert draw(Plot("t", "x", "y", lines), styles={}) is None
    assert describe(Plot("t", "x", "y", [Line("svc", [], [])])) == "y against x. svc: no points."


def test_long_names_of_categories_run_down_the_side():
    titles = [f"{name}, whose name is long" for name in NAMES]
    lines = [Line(t, [k], [1.0 + k], [0.9], [2.0 + k]) for k, t in enumerate(titles)]
    plot = Plot("t", "strategy", "ratio", lines, "points", reference=(1.0, "truth"), ticks=titles)
    root = drawn(plot)
    places = {text: at for text, at in places_of_texts(root).items() if text in titles}
    assert list(places) == titles and not needs_legend(plot)
    # One under the other, at equal steps.
    assert np.ptp([x for x, _ in places.values()]) < 0.1
    assert np.allclose(np.diff([y for _, y in places.values()], n=2), 0, atol=1)
    assert places[titles[1]][1] > places[titles[0]][1]
    assert f"{titles[9]}: 10.0 at {titles[9]}." in describe(plot)


def test_points_at_one_category_step_aside():
    names = ("svc", "wgan_gp", "spectral_norm")
    lines = [Line(name, [0, 1], [1.0, 2.0]) for name in names]
    plot = Plot("t", "x", "y", lines, "points", ticks=["A", "B"])
    root = drawn(plot)
    marks = [(use.get("style", ""), float(use.get("x"))) for use in root.iter("use")]
    places = [[x for style, x in marks if looks(plot)[name].colour in style] for name in names]
    # Around either category, in the order of the lines.
    (a, b, c), (d, e, f) = zip(*places, strict=True)
    assert a < b < c < d < e < f
    assert c - b == pytest.approx(b - a, abs=1e-3)


def test_ticks_of_a_short_logarithmic_axis_can_be_told_apart():
    plot = Plot("A plot", "updates", "distance", [Line("a", [0, 1], [3.05, 3.4])], log_y=True)
    ticks = [text for text in texts(drawn(plot)) if text.startswith("3.")]
    assert len(ticks) > 2 and len(set(ticks)) == len(ticks)
