import re

import einops
import numpy as np
import pytest
import torch

from tgan.media.layouts import as_pixels, to_numpy

ALL = ["n t h w c", "t h w c", "h w c"]


@pytest.fixture
def clips():
    return np.random.default_rng(0).integers(0, 256, (2, 5, 8, 8, 3), np.uint8)


def suggestions(error: pytest.ExceptionInfo) -> list[str]:
    """The expressions of an error's last part."""
    return re.split(r", or ", str(error.value).partition("is needed: ")[2])


@pytest.mark.parametrize("library", [np.asarray, torch.from_numpy])
def test_arrays_that_fit_come_back_without_a_copy(clips, library):
    found = as_pixels(library(clips), ALL)
    assert np.shares_memory(found, clips)
    np.testing.assert_array_equal(found, clips)
    assert as_pixels(library(clips)[0], ALL).shape == (5, 8, 8, 3)


def test_memory_maps_and_lists_are_arrays_too(clips, tmp_path):
    np.save(tmp_path / "a.npy", clips)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    assert np.shares_memory(as_pixels(mapped, ALL), mapped)
    image = np.uint8([[[7], [8]], [[9], [10]]])
    np.testing.assert_array_equal(as_pixels([[*row] for row in image], ["h w c"]), image)


@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize("layout", ["n c t h w", "n t c h w"])
def test_another_layout_is_recognised_and_both_expressions_mend_it(clips, library, layout):
    wrong = einops.rearrange(clips, f"n t h w c -> {layout}")
    wrong = torch.from_numpy(wrong) if library == "torch" else wrong
    with pytest.raises(
        ValueError, match=re.escape(f"looks like ({', '.join(layout.upper().split())})")
    ) as e:
        as_pixels(wrong, ALL, name="x")
    first, second = suggestions(e)
    for expression in (first, second):
        mended = eval(expression, {"einops": einops, "x": wrong})  # noqa: S307
        np.testing.assert_array_equal(as_pixels(mended, ALL), clips)


@pytest.mark.parametrize(
    ("wanted", "found"), [("n h w c", "n c h w"), ("t h w c", "c t h w"), ("h w c", "c h w")]
)
def test_layouts_of_fewer_axes_are_recognised(clips, wanted, found):
    sizes = {"n": 7, "t": 7, "h": 8, "w": 8, "c": 3}
    wrong = np.zeros([sizes[axis] for axis in found.split()], np.uint8)
    with pytest.raises(ValueError, match="looks like") as e:
        as_pixels(wrong, [wanted], name="x")
    mended = eval(suggestions(e)[0], {"einops": einops, "x": wrong})  # noqa: S307
    assert mended.shape == tuple(sizes[axis] for axis in wanted.split())


def test_planes_of_levels_are_not_taken_for_another_layout():
    with pytest.raises(ValueError, match=r"; \(N, T, H, W, C\) with 1, 3 or 4 channels .*v") as e:
        as_pixels(np.zeros((4, 1, 32, 32, 10), np.uint8), ["n t h w c"], name="x")
    assert "looks like" not in str(e.value) and "made pictures by `run.view(x)`" in str(e.value)


def test_grey_without_an_axis_of_channels(clips):
    with pytest.raises(ValueError, match="no axis of channels") as e:
        as_pixels(clips[..., 0], ["n t h w c", "n h w c"], name="x")
    assert suggestions(e) == ["x[..., None] if they are grey"]
    with pytest.raises(
        ValueError, match=r"\(2, 5, 8, 8, 2\); .* with 1, 3 or 4 channels is needed; planes"
    ):
        as_pixels(clips[..., :2], ALL)


RANGES = {
    "0 to 1": lambda x: x / 255,
    "-1 to 1": lambda x: (x - 128) / 128,
    "0 to 255": lambda x: x * 1.0,
}


@pytest.mark.parametrize("scale", RANGES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
def test_floats_are_named_with_their_range_and_the_expression_converts_them(
    clips, scale, dtype, library
):
    wrong = RANGES[scale](clips.astype(np.float64)).astype(dtype)
    wrong = torch.from_numpy(wrong) if library == "torch" else wrong
    low, high = f"{float(wrong.min()):g}", f"{float(wrong.max()):g}"
    with pytest.raises(ValueError, match=f"x of type {dtype}, from {low} to {high}; uint8") as e:
        as_pixels(wrong, ALL, name="x")
    (expression,) = suggestions(e)
    mended = eval(expression, {"np": np, "torch": torch, "x": wrong})  # noqa: S307
    np.testing.assert_array_equal(as_pixels(mended, ALL), clips)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.full((2, 4, 4, 3), 300), "int64, from 300 to 300; .* bring them to 0 to 255 first"),
        (np.full((2, 4, 4, 3), 200), r"int64, from 200 to 200; .*: x.astype\(np.uint8\)$"),
        (np.full((2, 4, 4, 3), np.nan), "float64, from nan to nan; .* numbers that are finite"),
        (np.ones((2, 4, 4, 3), bool), r"x of type bool; .*: x.astype\(np.uint8\) \* 255"),
        (torch.zeros(2, 4, 4, 3, dtype=torch.bfloat16), "bfloat16, from 0 to 0"),
        (torch.zeros(2, 4, 4, 3, requires_grad=True), "float32, from 0 to 0"),
        (np.zeros((2, 4, 4, 3), "U1"), "x of type <U1; uint8 is needed$"),
        (np.zeros((3, 4), np.uint8), r"x of shape \(3, 4\); \(N, T, H, W, C\) or \(T, H, W, C\)"),
        (np.zeros((0, 4, 4, 3), np.uint8), r"x of shape \(0, 4, 4, 3\), which is empty"),
        ([[1, 2], [3]], "lists whose items differ in length"),
    ],
)
def test_what_is_no_array_of_pixels_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        as_pixels(wrong, ["n t h w c", "t h w c"], name="x")


def test_what_cannot_be_read_as_an_array_is_named():
    with pytest.raises(ValueError, match="Tensor is no array that NumPy can read"):
        to_numpy(torch.eye(3).to_sparse())
