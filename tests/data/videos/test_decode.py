import pickle
import re
import struct
from itertools import islice

import av
import numpy as np
import pytest
from PIL import Image

import tgan.data.videos.decode as decode_module
from tests.made.numbered_videos import numbered_frame, numbers, write_audio, write_video
from tgan.data.videos.decode import DecodeError, count_frames, read_video
from tgan.data.videos.frames import Fitter

KINDS = {
    "h264.mp4": {"options": {"bf": "3", "g": "20"}},
    "h264.mkv": {"options": {"x264-params": "open-gop=1:keyint=20:bframes=3"}},
    "h264.ts": {"options": {"bf": "2", "g": "12"}},
    "ten_bit.mp4": {"pix_fmt": "yuv420p10le"},
    "444.mp4": {"pix_fmt": "yuv444p"},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "divx.avi": {"codec": "mpeg4", "options": {"bf": "2", "g": "12"}},
    "mpeg.mpg": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime"}},
    "ffv1.mkv": {"codec": "ffv1"},
    "variable.mkv": {"times": [n * n for n in range(40)]},
}


@pytest.mark.parametrize("name", KINDS)
def test_every_frame_comes_once_and_in_order(tmp_path, name):
    path = write_video(tmp_path / name, 40, **KINDS[name])
    assert numbers(map(Fitter(32), read_video(path).frames)) == list(range(40))


def test_gifs(tmp_path):
    path = tmp_path / "a.gif"
    first, *rest = [Image.fromarray(numbered_frame(number)) for number in range(20)]
    first.save(path, save_all=True, append_images=rest, duration=50)
    recording = read_video(path)
    assert numbers(map(Fitter(32), recording.frames)) == list(range(20))
    assert recording.fps == 20


def test_fps_and_count_come_from_the_header(tmp_path):
    path = write_video(tmp_path / "a.mp4", 30, fps=12)
    assert read_video(path).fps == 12
    assert count_frames(path) == 30
    assert count_frames(write_video(tmp_path / "a.mkv", 30, fps=12)) == 30


def test_frames_are_not_decoded_before_they_are_asked_for(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mkv", 60, codec="ffv1")
    checked = []
    monkeypatch.setattr(decode_module, "check_size", lambda *args: checked.append(args))
    frames = read_video(path).frames
    before = len(checked)
    list(islice(frames, 3))
    assert len(checked) - before == 3


# 85 columns with their own number as grey level, losslessly.
COLUMNS = np.broadcast_to(np.arange(85, dtype=np.uint8)[None, :, None] * 3, (64, 85, 3)).copy()


def test_crop_takes_columns_10_to_73_of_85(tmp_path):
    path = write_video(tmp_path / "a.mkv", [COLUMNS], codec="ffv1", pix_fmt="bgr0")
    square = Fitter(64)(next(read_video(path).frames))
    np.testing.assert_array_equal(square, COLUMNS[:, 10:74])


def test_crop_of_a_tall_frame_takes_the_middle_rows(tmp_path):
    rows = COLUMNS.transpose(1, 0, 2).copy()
    path = write_video(tmp_path / "a.mkv", [rows], codec="ffv1", pix_fmt="bgr0")
    np.testing.assert_array_equal(Fitter(64)(next(read_video(path).frames)), rows[10:74])


def area_average(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Exact means over the rectangles that the small pixels cover."""

    def weights(small: int, large: int) -> np.ndarray:
        edges = np.arange(small + 1) * large / small
        begin, end = edges[:-1, None], edges[1:, None]
        pixel = np.arange(large)[None]
        overlap = np.clip(np.minimum(end, pixel + 1) - np.maximum(begin, pixel), 0, None)
        return overlap / overlap.sum(1, keepdims=True)

    vertical, horizontal = weights(height, image.shape[0]), weights(width, image.shape[1])
    return np.einsum("ih,hwc,jw->ijc", vertical, image.astype(float), horizontal, optimize=True)


def test_shrinking_averages_areas():
    # Noise: a filter that skips or overweights pixels is far from the mean of each area.
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    square = Fitter(64)(av.VideoFrame.from_ndarray(image, format="rgb24"))
    error = np.abs(square - area_average(image, 64, 85)[:, 10:74])
    assert error.mean() < 2
    nearest = image[::4, ::4][:60, 10:70]
    assert np.abs(nearest - area_average(image, 64, 85)[:60, 10:70]).mean() > 20


def test_stretch_keeps_the_sides():
    image = np.zeros((40, 160, 3), np.uint8)
    image[:, :20], image[:, -20:] = 255, 100
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    stretched, cropped = Fitter(32, aspect="stretch")(frame), Fitter(32)(frame)
    assert stretched[16, 0, 0] == 255 and stretched[16, -1, 0] == 100
    assert cropped.max() == 0
    with pytest.raises(ValueError, match="unknown aspect 'pad'; choose from crop, stretch"):
        Fitter(32, aspect="pad")


@pytest.mark.parametrize(("width", "height"), [(121, 81), (33, 97), (20, 16), (64, 64), (5, 300)])
def test_odd_and_small_sizes(width, height):
    image = numbered_frame(77, width=width, height=height)
    square = Fitter(64)(av.VideoFrame.from_ndarray(image, format="rgb24"))
    assert square.shape == (64, 64, 3) and square.flags.c_contiguous
    if width >= height:
        assert numbers([square]) == [77]
    if width == height == 64:
        np.testing.assert_array_equal(square, image)


@pytest.mark.parametrize(
    ("colorspace", "color_range", "expected"),
    # ITU-R BT.709 and BT.601, limited, and BT.709, full: Y' 120, Cb 90, Cr 200 by the definition.
    [(1, 1, (250.2, 90.8, 40.8)), (5, 1, (236.0, 77.4, 44.4)), (1, 2, (233.4, 93.4, 49.5))],
)
def test_colours_follow_the_file(tmp_path, colorspace, color_range, expected):
    path = tmp_path / "a.mp4"
    planes = np.stack([np.full((64, 64), value, np.uint8) for value in (120, 90, 200)])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv444p"
        stream.codec_context.colorspace = colorspace
        stream.codec_context.color_range = color_range
        container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv444p")))
        container.mux(stream.encode())
    square = Fitter(32)(next(read_video(path).frames))
    np.testing.assert_allclose(square[16, 16], expected, atol=1.5)


def broken_files(folder):
    """Files that are no whole videos, by name, with what the reason must say."""
    noise = list(np.random.default_rng(0).integers(0, 256, (60, 64, 64, 3), dtype=np.uint8))
    faststart = {"movflags": "faststart"}
    whole = write_video(folder / "whole.mp4", noise, container_options=faststart).read_bytes()
    late_index = write_video(folder / "late.mp4", 40).read_bytes()
    divx = write_video(folder / "divx.avi", noise, codec="mpeg4").read_bytes()
    (folder / "truncated.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "no_index.mp4").write_bytes(late_index[: len(late_index) // 2])
    (folder / "truncated.avi").write_bytes(divx[: len(divx) // 2])
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("not a video\n" * 500)
    (folder / "notes.txt").write_text("not a video\n" * 500)
    (folder / "list.mp4").write_text("ffconcat version 1.0\nfile whole.mp4\n")
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:10,\nwhole.mp4\n#EXT-X-ENDLIST\n")
    write_audio(folder / "sound.mp4")
    return {
        "truncated.mp4": r"decoding failed after [1-9]\d* frames",
        "no_index.mp4": "not a video that FFmpeg can open",
        "truncated.avi": r"decoding failed after [1-9]\d* frames",
        "empty.mp4": "not a video that FFmpeg can open",
        "text.mp4": "not a video that FFmpeg can open",
        "notes.txt": "a video is wanted, this is 'tty'",
        "list.mp4": "a video is wanted, this is 'concat'",
        "playlist.mp4": "not a video that FFmpeg can open",
        "sound.mp4": "no video stream",
        "missing.mp4": "no such file",
    }


def test_broken_files_are_refused_by_name(tmp_path):
    for name, reason in broken_files(tmp_path).items():
        with pytest.raises(DecodeError, match=rf"{re.escape(name)}: .*{reason}") as caught:
            list(read_video(tmp_path / name).frames)
        assert "\n" not in str(caught.value), name
        again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
        assert (str(again), again.reason) == (str(caught.value), caught.value.reason)


def test_the_reason_counts_the_frames_that_came(tmp_path):
    broken_files(tmp_path)
    seen = 0
    with pytest.raises(DecodeError) as caught:
        for _ in read_video(tmp_path / "truncated.mp4").frames:
            seen += 1
    assert f"after {seen} frames" in caught.value.reason
    assert 0 < seen < 60


def test_a_header_that_promises_more_frames_is_no_error(tmp_path):
    path = write_video(tmp_path / "a.avi", 30, codec="mpeg4")
    data = bytearray(path.read_bytes())
    total = data.index(b"avih") + 8 + 16
    length = data.index(b"strh") + 8 + 32
    for at in (total, length):
        assert struct.unpack_from("<I", data, at) == (30,)
        struct.pack_into("<I", data, at, 400)
    path.write_bytes(data)
    assert count_frames(path) == 400
    assert numbers(map(Fitter(32), read_video(path).frames)) == list(range(30))


def test_titles_that_are_not_utf8_are_no_error(tmp_path):
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = "xxxx"
        stream = container.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        frame = av.VideoFrame.from_ndarray(numbered_frame(3), format="rgb24")
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    data = path.read_bytes()
    assert data.count(b"xxxx") == 1
    path.write_bytes(data.replace(b"xxxx", b"\xd3\xe9\xff\xd3"))
    assert numbers(map(Fitter(32), read_video(path).frames)) == [3]


def test_huge_pictures_are_refused_before_they_are_decoded(tmp_path, monkeypatch):
    path = tmp_path / "a.gif"
    images = [Image.fromarray(numbered_frame(number)) for number in range(3)]
    images[0].save(path, save_all=True, append_images=images[1:])
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, 6, 60_000, 60_000)
    path.write_bytes(data)
    with pytest.raises(DecodeError, match=r"a\.gif: "):
        list(read_video(path).frames)
    small = write_video(tmp_path / "b.mp4", 3)
    monkeypatch.setattr(decode_module, "MAX_PIXELS", 64 * 64 - 1)
    with pytest.raises(DecodeError, match="a picture of 64x64; the limit is 4095 pixels"):
        list(read_video(small).frames)


def test_pictures_that_grow_in_the_middle_are_refused_by_the_decoder(tmp_path, monkeypatch):
    small = write_video(tmp_path / "small.h264", [numbered_frame(1)] * 5)
    large = write_video(tmp_path / "large.h264", [numbered_frame(2, width=128, height=128)] * 5)
    path = tmp_path / "grows.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    sizes = [(frame.width, frame.height) for frame in read_video(path).frames]
    assert sizes == [(64, 64)] * 5 + [(128, 128)] * 5
    checked = []
    monkeypatch.setattr(decode_module, "check_size", lambda _, *size: checked.append(size))
    monkeypatch.setattr(decode_module, "MAX_PIXELS", 128 * 128 - 1)
    with pytest.raises(DecodeError, match="grows.h264: decoding failed after"):
        list(read_video(path).frames)
    assert (128, 128) not in checked


# Frames by the decoder of another program run, from the data's own README.
README_COUNTS = {
    "codecs/h264_10bits.mp4": 30,
    "codecs/testsrc2_odd_height_and_width_mpeg2.mp4": 10,
    "codecs/nasa_13013_rotated.mp4": 17,
    "hmdb51/hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi": 83,
    "misc/newtonscradle.gif": 36,
    "misc/opencv_tree.avi": 68,
    "ucf101/v_SoccerJuggling_g23_c01.avi": 240,
}


@pytest.mark.parametrize("name", README_COUNTS)
def test_real_videos(shared, name):
    path = shared("datasets/real_videos") / name
    squares = list(map(Fitter(64), read_video(path).frames))
    assert len(squares) == README_COUNTS[name]
    assert np.std(squares[0]) > 1


def test_chroma_lies_where_h264_puts_it(tmp_path):
    # Random colours at random brightness: a sample of chroma lies on the left of its two columns
    # and between its two rows (ITU-T H.264, figure 6-1).
    rng = np.random.default_rng(0)
    luma = rng.integers(60, 180, (64, 64), np.uint8)
    chroma = rng.integers(90, 166, (2, 32, 32), np.uint8)
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        planes = np.concatenate([luma, chroma.reshape(32, 64)])
        container.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        container.mux(stream.encode())
    rows, columns = (np.arange(64) - 0.5) / 2, np.arange(64) / 2
    blue, red = (between(between(plane, rows), columns, axis=1) for plane in chroma)
    y, cb, cr = (luma - 16.0) / 219, (blue - 128) / 224, (red - 128) / 224
    rgb = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=-1)
    square = Fitter(64)(next(read_video(path).frames))
    np.testing.assert_allclose(square, np.clip(255 * rgb, 0, 255), atol=1.6)


def between(plane: np.ndarray, places: np.ndarray, *, axis: int = 0) -> np.ndarray:
    """A plane at places between its rows or columns, linearly."""
    places = np.clip(places, 0, plane.shape[axis] - 1)
    below = places.astype(int)
    above = np.minimum(below + 1, plane.shape[axis] - 1)
    share = (places - below).reshape((-1, 1) if axis == 0 else (1, -1))
    low, high = plane.take(below, axis), plane.take(above, axis)
    return low * (1 - share) + high * share
