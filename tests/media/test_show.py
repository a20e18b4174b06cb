import base64
import io
import subprocess
import sys
from html.parser import HTMLParser

import av
import imageio.v3 as iio
import numpy as np
import pytest
import torch

from tgan.media.show import save, show
from tgan.media.video import MAX_SIDES, SHOWN_SIDE, check_sides, scale_to_show


@pytest.fixture
def clips():
    """Grey squares that are brighter from clip to clip and from frame to frame."""
    clips = np.zeros((5, 3, 8, 8, 3), np.uint8)
    clips[:] = (40 * np.arange(5)[:, None] + 10 * np.arange(3))[..., None, None, None]
    return clips


class Element(HTMLParser):
    """The one element of a text, its attributes, and the file that its source holds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)
        ((self.tag, self.attributes),) = self.found
        head, _, content = self.attributes["src"].partition(";base64,")
        self.type, self.content = head.removeprefix("data:"), base64.b64decode(content)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.found.append((tag, dict(attributes)))


def played(content: bytes) -> np.ndarray:
    with av.open(io.BytesIO(content)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


@pytest.mark.parametrize("library", [np.asarray, torch.from_numpy])
def test_a_notebook_gets_a_video_that_plays_without_a_server(clips, library):
    element = Element(show(library(clips), columns=2, fps=4)._repr_html_())
    assert element.tag == "video" and element.type == "video/mp4"
    assert {"controls", "autoplay", "loop", "muted", "playsinline"} <= element.attributes.keys()
    assert (element.attributes["width"], element.attributes["height"]) == ("192", "288")
    frames = played(element.content).astype(int)
    assert frames.shape == (3, 288, 192, 3)
    cells = frames.reshape(3, 3, 96, 2, 96, 3).transpose(1, 3, 0, 2, 4, 5).reshape(6, 3, 96, 96, 3)
    for cell, clip in zip(cells, [*clips, np.zeros_like(clips[0])], strict=True):
        assert np.abs(cell - clip[:, :1, :1]).max() <= 4


def test_images_are_a_png_with_their_very_pixels():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 1, 40, 50, 4), np.uint8)
    element = Element(show(images, columns=8)._repr_html_())
    assert element.tag == "img" and element.type == "image/png"
    page = iio.imread(element.content)
    assert page.shape == (120, 3 * 2 * 150, 3)
    for number, image in enumerate(images[:, 0]):
        colour, fourth = (
            page[:, 150 * place : 150 * (place + 1)][1::3, 1::3]
            for place in (2 * number, 2 * number + 1)
        )
        np.testing.assert_array_equal(colour, image[..., :3])
        np.testing.assert_array_equal(fourth, image[..., 3:].repeat(3, -1))


@pytest.mark.parametrize(("side", "scale"), [(8, 12), (40, 3), (95, 2), (96, 1), (300, 1)])
def test_small_clips_are_enlarged_by_whole_pixels(side, scale):
    assert scale_to_show(side) == scale and side * scale >= SHOWN_SIDE
    image = np.random.default_rng(0).integers(0, 256, (side, side, 1), np.uint8)
    page = iio.imread(Element(show(image)._repr_html_()).content)
    np.testing.assert_array_equal(page[..., 0], np.kron(image[..., 0], np.ones((scale, scale))))


def test_one_clip_and_one_image_are_shown_too(clips):
    assert repr(show(clips)) == (
        "<5 clips of 3 frames at 8 a second, 8x8x3: shown in a notebook; .save(path) writes a file>"
    )
    assert repr(show(clips[0], fps=2.5)).startswith("<1 clip of 3 frames at 2.5 a second, 8x8x3:")
    assert repr(show(clips[0, 0])).startswith("<1 image, 8x8x3: shown")
    assert Element(show(clips[0])._repr_html_()).attributes["width"] == "96"


def test_neither_ipython_nor_torch_is_imported():
    code = (
        "import sys, numpy as np; from tgan.media.show import show\n"
        "assert '<video' in show(np.zeros((2, 3, 8, 8, 3), np.uint8))._repr_html_()\n"
        "assert not {'IPython', 'torch'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_what_is_shown_can_be_saved_as_it_is_shown(clips, tmp_path):
    shown = show(clips, columns=2, fps=4)
    path = shown.save(tmp_path / "new" / "a.mp4")
    assert path.read_bytes() == Element(shown._repr_html_()).content
    with pytest.raises(ValueError, match="a.mp4' is there already; overwrite=True replaces it"):
        shown.save(path)
    assert shown.save(path, overwrite=True) == path


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("a.mp4", (3, 192, 288, 3)),
        ("a.gif", (3, 192, 288, 3)),
        ("a.webp", (3, 192, 288, 3)),
        ("a.png", (480, 288, 3)),
        ("a.npy", None),
    ],
)
def test_the_ending_names_the_format(clips, tmp_path, name, shape):
    path = save(torch.from_numpy(clips), str(tmp_path / name))
    if name == "a.npy":
        np.testing.assert_array_equal(np.load(path), clips)
        return
    plugin, index = "pyav" if name == "a.mp4" else "pillow", 0 if name == "a.png" else ...
    # Pillow reads WebP with transparency.
    assert iio.imread(path, plugin=plugin, index=index)[..., :3].shape == shape


def test_the_layout_of_a_file_can_be_chosen(clips, tmp_path):
    path = save(clips, tmp_path / "a.gif", columns=5, scale=1, fps=10)
    assert iio.imread(path).shape == (3, 8, 40, 3)
    assert iio.immeta(path)["duration"] == 100
    assert iio.imread(save(clips[:, :1], tmp_path / "b.png", columns=99)).shape == (96, 480, 3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": 0}, "columns must be at least 1, not 0"),
        ({"fps": 0}, "fps must be 0.1 to 1000, not 0"),
        ({"fps": float("nan")}, "fps must be 0.1 to 1000, not nan"),
        ({"scale": 0}, "scale must be at least 1, not 0"),
        ({"scale": 3000}, "a picture of .* pixels, and at most 16384 a side can be written"),
        ({"clips": np.zeros((2, 3, 8, 8, 3))}, "clips of type float64, from 0 to 0; uint8"),
        ({"clips": np.zeros((2, 3, 5, 8, 8), np.uint8)}, "looks like .N, C, T, H, W"),
    ],
)
@pytest.mark.parametrize("verb", ["show", "save"])
def test_what_cannot_be_shown_or_saved_is_named(clips, tmp_path, settings, message, verb):
    settings = {"clips": clips, "columns": 4} | settings
    with pytest.raises(ValueError, match=message):
        show(**settings) if verb == "show" else save(path=tmp_path / "a.mp4", **settings)
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_written_are_refused(clips, tmp_path):
    with pytest.raises(ValueError, match="unknown ending '.avi'; choose from .gif, .mp4"):
        save(clips, tmp_path / "a.avi")
    with pytest.raises(ValueError, match="is a directory; name a file"):
        (tmp_path / "b.mp4").mkdir()
        save(clips, tmp_path / "b.mp4")


@pytest.mark.parametrize("ending", MAX_SIDES)
def test_sides_are_checked_by_the_format(ending):
    check_sides(f"a{ending}", (MAX_SIDES[ending], 1))
    with pytest.raises(ValueError, match=f"a{ending}': a picture of 7x{MAX_SIDES[ending] + 1}"):
        check_sides(f"a{ending}", (MAX_SIDES[ending] + 1, 7))
    check_sides("a.npy", (10**6, 10**6))
