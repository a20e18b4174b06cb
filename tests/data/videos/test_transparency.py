"""Transparency of videos is laid on black, whatever the codec that holds it."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tgan.data.videos.decode import DecodeError, read_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.seek import read_frames, scan_video
from tgan.data.videos.sources import find_sources
from tgan.media.scaling import ONE_THREAD

# Codec, pixel format and options by file.
KINDS = {
    "vp8.webm": ("libvpx", "yuva420p", {"auto-alt-ref": "0", "crf": "4", "b": "2M"}),
    "vp9.webm": ("libvpx-vp9", "yuva420p", {"crf": "4", "b": "0"}),
    "vp9.mkv": ("libvpx-vp9", "yuva420p", {"crf": "4", "b": "0"}),
    "prores4444.mov": ("prores_ks", "yuva444p10le", {}),
    "png.mov": ("png", "rgba", {}),
    "rle.mov": ("qtrle", "argb", {}),
    "jpeg2000.mov": ("jpeg2000", "yuva420p", {}),
    "ffv1.mkv": ("ffv1", "yuva420p", {}),
    "ut.avi": ("utvideo", "gbrap", {}),
    "cineform.mov": ("cfhd", "gbrap12le", {}),
}
ALPHA = np.array([[255, 128], [0, 64]])
COLOUR = np.array([200, 60, 120])


def transparent(number: int) -> np.ndarray:
    """(48, 64, 4): one colour, whose transparency in four quarters turns with the number."""
    quarters = np.rot90(ALPHA, number).repeat(24, axis=0).repeat(32, axis=1)
    colours = np.broadcast_to(COLOUR, (48, 64, 3))
    return np.concatenate([colours, quarters[..., None]], axis=-1).astype(np.uint8)


def write(path, codec, pix_fmt, options, *, count=4, tags=None, turn=0):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10, options=options)
        if turn:
            stream.set_display_rotation(turn)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(transparent(number), format="rgba")
            frame = frame.reformat(format=pix_fmt, **ONE_THREAD)
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def on_black(number: int) -> np.ndarray:
    """The colours in the middle of the four quarters, (2, 2, 3)."""
    return np.rot90(ALPHA, number)[..., None] / 255 * COLOUR


def middles(frame: av.VideoFrame) -> np.ndarray:
    return Fitter(32, aspect="stretch")(frame)[8::16, 8::16].astype(float)


@pytest.mark.parametrize("name", KINDS)
def test_transparency_of_videos_is_laid_on_black(tmp_path, name):
    path = write(tmp_path / name, *KINDS[name])
    frames = list(read_video(path).frames)
    assert len(frames) == 4
    for number, frame in enumerate(frames):
        np.testing.assert_allclose(middles(frame), on_black(number), atol=5)


def test_opaque_videos_of_the_same_codecs_have_their_usual_decoders(tmp_path):
    path = write(tmp_path / "a.webm", "libvpx-vp9", "yuv420p", {"crf": "4", "b": "0"})
    (frame, *_) = read_video(path).frames
    assert frame.format.name == "yuv420p"
    np.testing.assert_allclose(middles(frame), np.broadcast_to(COLOUR, (2, 2, 3)), atol=5)


def test_the_tag_of_earlier_muxers_counts(tmp_path):
    path = write(tmp_path / "a.webm", *KINDS["vp9.webm"])
    written = path.read_bytes()
    # Matroska's AlphaMode, 0x53C0, becomes a void element; a tag of the same meaning is left.
    assert written.count(b"\x53\xc0\x81\x01") == 1
    path.write_bytes(written.replace(b"\x53\xc0\x81\x01", b"\xec\x82\x00\x00"))
    (frame, *_) = read_video(path).frames
    assert frame.format.name == "yuv420p"
    with av.open(str(path)) as container, av.open(str(tmp_path / "b.webm"), "w") as copy:
        stream = copy.add_stream_from_template(container.streams.video[0])
        stream.metadata["ALPHA_MODE"] = "1"
        for packet in container.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    (frame, *_) = read_video(tmp_path / "b.webm").frames
    np.testing.assert_allclose(middles(frame), on_black(0), atol=5)


def test_colours_with_transparency_are_those_of_the_stream(tmp_path):
    # BT.709 instead of BT.601, in the stream of VP9: the same planes are other colours. VP8 knows
    # BT.601 alone, whatever its container says.
    for name, differs in {"vp9.webm": True, "vp8.webm": False}.items():
        usual = write(tmp_path / f"a_{name}", *KINDS[name])
        tagged = write(tmp_path / f"b_{name}", *KINDS[name], tags={"colorspace": 1})
        first, second = (middles(next(read_video(path).frames)) for path in (usual, tagged))
        assert (np.abs(first - second).max() > 8) == differs


@pytest.mark.parametrize("turn", [90, 180])
def test_transparent_videos_are_turned_too(tmp_path, turn):
    path = write(tmp_path / "a.webm", *KINDS["vp9.webm"], turn=turn)
    for number, frame in enumerate(read_video(path).frames):
        assert (frame.width, frame.height) == ((48, 64) if turn == 90 else (64, 48))
        expected = np.rot90(on_black(number), turn // 90)
        np.testing.assert_allclose(middles(frame), expected, atol=6)


def test_transparent_videos_can_be_sought(tmp_path):
    path = write(tmp_path / "a.webm", *KINDS["vp9.webm"], count=12)
    expected = list(map(middles, read_video(path).frames))
    timeline, _ = scan_video(path)
    assert len(timeline) == len(expected) == 12
    for start in (0, 5, 8):
        found = read_frames(path, timeline, range(start, start + 4))
        np.testing.assert_array_equal(list(map(middles, found)), expected[start : start + 4])


def test_an_ffmpeg_without_the_decoder_says_so(tmp_path, monkeypatch):
    path = write(tmp_path / "a.webm", *KINDS["vp9.webm"])
    monkeypatch.setattr("tgan.data.videos.transparency._DECODERS", {"vp9": "libsomething"})
    with pytest.raises(DecodeError, match="a.webm: .* an FFmpeg with the decoder libsomething"):
        read_video(path)


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "apng"])
def test_transparency_of_animations_is_laid_on_black(tmp_path, ending):
    # GIF has no half-transparent pixels; FFmpeg gives its transparent ones the colour white.
    images = []
    for left in (0, 10, 20):
        image = Image.new("RGBA", (40, 40), (255, 255, 255, 0))
        image.paste((10, 200, 30, 255), (left, 0, left + 20, 40))
        images.append(image)
    path = tmp_path / f"a.{ending}"
    first, *rest = images
    kind = "PNG" if ending == "apng" else None
    first.save(path, kind, save_all=True, append_images=rest, disposal=2, lossless=True)
    (source,) = find_sources([path]).sources
    for frame, left in zip(map(Fitter(40), source.read().frames), (0, 10, 20), strict=True):
        expected = np.zeros((40, 40, 3), np.uint8)
        expected[:, left : left + 20] = (10, 200, 30)
        np.testing.assert_array_equal(frame, expected)


def test_half_transparent_pixels_are_half_as_bright():
    rgba = np.full((8, 8, 4), (200, 100, 51, 128), np.uint8)
    square = Fitter(8)(av.VideoFrame.from_ndarray(rgba, format="rgba"))
    np.testing.assert_array_equal(square[0, 0], [100, 50, 26])
