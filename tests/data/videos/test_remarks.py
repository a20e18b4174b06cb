"""What is told of videos that were taken, packed or read as they are."""

from fractions import Fraction
from pathlib import Path

import av

from tests.made.numbered_videos import numbered_frame, write_video
from tgan.data.packed.prepare import prepare
from tgan.data.videos.folder import VideoFolder
from tgan.data.videos.remarks import REMARKS, Remarked, remarks_on


def write_tagged(path, *, codec="libx264", options=None, **facts):
    """Sixteen frames of a stream with some settings."""
    path.parent.mkdir(exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for name, value in facts.items():
            setattr(stream.codec_context, name, value)
        for number in range(16):
            frame = av.VideoFrame.from_ndarray(numbered_frame(number), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def told(folder, *, fps=None, stride=1):
    """A folder packed, when it is sure that the same is told of it as it is."""
    out = folder.with_name(f"{folder.name}.{fps}.{stride}.packed")
    packed = prepare(folder, out, resolution=16, min_frames=2, fps=fps, stride=stride, workers=1)
    unpacked = VideoFolder(folder, num_frames=2, resolution=16, fps=fps, stride=stride)
    assert packed.remarks == unpacked.remarks
    return packed


def test_lines_count_and_name_the_first():
    videos = [
        Remarked("a.mp4", 25.0, []),
        Remarked("b.mp4", 25.0, ["hdr", "sizes"]),
        Remarked("c.mp4", None, ["hdr"]),
    ]
    assert list(remarks_on(videos)) == [
        f"2 videos {REMARKS['hdr']} (the first: b.mp4)",
        f"1 video {REMARKS['sizes']} (b.mp4)",
    ]
    assert list(remarks_on([])) == []


def test_rates_that_differ_are_told_unless_they_are_made_one(tmp_path):
    for fps in (10, 24):
        write_video(tmp_path / "videos" / f"{fps}.mp4", 20, fps=fps)
    write_video(tmp_path / "alike" / "24.mp4", 20, fps=24)
    write_video(tmp_path / "alike" / "23.976.mp4", 20, fps=Fraction(24000, 1001))
    (line,) = told(tmp_path / "videos").remarks
    assert line.startswith("videos of 10 to 24 frames a second are mixed")
    (line,) = told(tmp_path / "videos", stride=2).remarks
    assert line.startswith("videos of 5 to 12 frames a second are mixed")
    (line,) = told(tmp_path / "videos", fps=8).remarks
    assert line.startswith("2 videos resampled to one rate")
    assert told(tmp_path / "alike").remarks == []


def test_what_is_worth_knowing_is_told_of_videos_packed_or_not(tmp_path):
    # Transfer 16 is PQ, 18 HLG, 1 that of BT.709. Pixels of 10:11 are DV's, of 1:1000 nobody's,
    # of 640:639 those of 1080p that a program has reduced to 426x240.
    for name, facts in {
        "pq": {"color_trc": 16},
        "hlg": {"color_trc": 18},
        "sdr": {"color_trc": 1},
        "dv": {"sample_aspect_ratio": Fraction(10, 11)},
        "thin": {"sample_aspect_ratio": Fraction(1, 1000)},
        "reduced": {"sample_aspect_ratio": Fraction(640, 639)},
    }.items():
        write_tagged(tmp_path / "videos" / f"{name}.mp4", **facts)
    fields = {"flags": "+ildct+ilme", "top": "1"}
    write_tagged(tmp_path / "videos" / "fields.mpg", codec="mpeg2video", options=fields)
    found = told(tmp_path / "videos")
    assert {Path(video.source).stem: video.remarks for video in found.index.videos} == {
        "pq": ["hdr"],
        "hlg": ["hdr"],
        "sdr": [],
        "dv": ["not square"],
        "thin": [],
        "reduced": [],
        "fields": ["interlaced"],
    }
    assert found.remarks == [
        f"2 videos {REMARKS['hdr']} (the first: videos/hlg.mp4)",
        f"1 video {REMARKS['interlaced']} (videos/fields.mpg)",
        f"1 video {REMARKS['not square']} (videos/dv.mp4)",
    ]
