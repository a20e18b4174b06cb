"""A matrix of small videos: codecs, formats, containers, colour tags, turns, mirrors, rates."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tgan.media.scaling import ONE_THREAD

# Of encoders that lose something: as little as they can.
BEST = {"qmin": "1", "qmax": "1"}
VPX = {"b": "8M", "qmin": "0", "qmax": "0"}
# Codec, pixel formats, containers and options.
_WAYS: list[tuple[str, str, str, dict[str, str]]] = [
    (
        "libx264",
        "yuv420p yuv422p yuv444p yuvj420p yuv420p10le yuv444p10le gray",
        "mp4 mkv mov",
        {"qp": "8", "bf": "2"},
    ),
    ("libx264", "yuv420p yuv422p", "ts flv avi", {"qp": "8", "bf": "0"}),
    ("libx264rgb", "rgb24", "mkv mp4", {"qp": "4"}),
    ("libx265", "yuv420p yuv420p10le", "mp4 mkv", {"crf": "2", "x265-params": "log-level=none"}),
    ("libvpx", "yuv420p", "webm mkv", VPX),
    ("libvpx", "yuva420p", "webm mkv", VPX | {"auto-alt-ref": "0"}),
    ("libvpx-vp9", "yuv420p yuva420p", "webm mkv", {"crf": "4", "b": "0", "cpu-used": "8"}),
    ("libvpx-vp9", "yuv420p", "mp4", {"crf": "4", "b": "0", "cpu-used": "8"}),
    ("libsvtav1", "yuv420p yuv420p10le", "mp4 webm", {"preset": "12", "crf": "10"}),
    ("mpeg4", "yuv420p", "mp4 mkv", BEST | {"bf": "2"}),
    ("mpeg4", "yuv420p", "avi", BEST),
    ("mpeg2video", "yuv420p yuv422p", "mpg ts mkv", BEST),
    ("mpeg1video", "yuv420p", "mpg", BEST | {"strict": "unofficial"}),
    ("msmpeg4", "yuv420p", "avi", BEST),
    ("wmv2", "yuv420p", "asf", BEST),
    ("flv", "yuv420p", "flv", BEST),
    ("mjpeg", "yuvj420p yuvj422p yuvj444p", "avi mov mkv", BEST),
    ("prores_ks", "yuv422p10le yuv444p10le yuva444p10le", "mov mkv", {}),
    ("ffv1", "yuv420p yuv410p yuv444p16le bgr0 bgra gray gray16le gbrp10le yuva420p", "mkv", {}),
    ("ffv1", "yuv422p bgra", "avi", {}),
    ("huffyuv", "rgb24 bgra yuv422p", "avi", {}),
    ("utvideo", "gbrap yuv420p", "avi", {}),
    ("png", "rgb24 rgba rgb48be gray", "mov", {}),
    ("qtrle", "rgb24 argb", "mov", {}),
    ("v210", "yuv422p10le", "mov", {}),
    ("jpeg2000", "yuv420p yuva420p rgb24", "mov", {}),
    ("rawvideo", "yuv420p yuyv422", "nut", {}),
    ("gif", "rgb8", "gif", {}),
    ("apng", "rgb24 rgba", "apng", {}),
]
WAYS = [
    (codec, pix_fmt, container, options)
    for codec, pix_fmts, containers, options in _WAYS
    for pix_fmt, container in itertools.product(pix_fmts.split(), containers.split())
]
# Height and width; encoders are at ease from 64 on.
SIZES = [(64, 80), (80, 64), (66, 82)]
# ISO 23091-2: none, BT.709, FCC, BT.601, SMPTE 240M, BT.2020; FFmpeg's ranges: none, TV, full.
COLOURS, RANGES = (2, 1, 4, 6, 7, 9), (0, 1, 2)
MATRICES = [
    (across, 0, 0, down) if upright else (0, across, down, 0)
    for upright in (True, False)
    for across in (1, -1)
    for down in (1, -1)
]
RATES = [Fraction(10), Fraction(24), Fraction(30000, 1001), Fraction(60)]
# In frames of the rate: evenly, and like a camera that drops frames in the dark.
# AVI keeps no times of presentation: of uneven ones FFmpeg's library and program guess differently.
TIMES = [tuple(range(8)), (0, 1, 2, 5, 6, 7, 11, 12)]
# Rates that repeat frames: where some are left out, FFmpeg's filter does not take the nearest.
TARGETS = [None, None, 60]


@dataclass(frozen=True)
class Cell:
    """A video to write, and the rate that it is read at (None: every frame once)."""

    codec: str
    pix_fmt: str
    container: str
    options: dict[str, str] = field(default_factory=dict, hash=False)
    size: tuple[int, int] = SIZES[0]
    colour: int = 2
    range: int = 0
    matrix: tuple[int, int, int, int] = MATRICES[0]
    rate: Fraction = RATES[0]
    times: Sequence[int] = TIMES[0]
    target: float | None = None

    @property
    def name(self) -> str:
        """All that makes the cell, in a line."""
        height, width = self.size
        times = "even" if self.times == TIMES[0] else "uneven"
        return (
            f"{self.codec}-{self.pix_fmt}.{self.container} {width}x{height} matrix {self.colour} "
            f"range {self.range} shown {self.matrix} {float(self.rate):.4g} fps {times} to "
            f"{self.target}"
        )

    @property
    def shown_size(self) -> tuple[int, int]:
        """Height and width as shown, where the container keeps display matrices."""
        turns = self.container in TURNING and not self.matrix[0]
        return self.size[::-1] if turns else self.size

    def write(self, folder: Path) -> Path:
        """Encode frames of patches that move over a slope."""
        path = folder / f"cell.{self.container}"
        with av.open(str(path), "w") as container:
            stream = container.add_stream(self.codec, rate=self.rate, options=dict(self.options))
            stream.height, stream.width = self.size
            stream.pix_fmt = self.pix_fmt
            stream.codec_context.colorspace = self.colour
            stream.codec_context.color_range = self.range
            stream.codec_context.thread_count = 1
            a, b, c, d = (value << 16 for value in self.matrix)
            stream.set_display_matrix([a, b, 0, c, d, 0, 0, 0, 1 << 30])
            for number, time in enumerate(self.times):
                frame = av.VideoFrame.from_ndarray(_picture(number, *self.size), format="rgba")
                frame = frame.reformat(format=self.pix_fmt, **ONE_THREAD)
                frame.colorspace, frame.color_range = self.colour, self.range
                frame.pts, frame.time_base = time, 1 / self.rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path


# Containers that keep a display matrix.
TURNING = frozenset({"mp4", "mov", "mkv", "webm"})


def cells(draws: int, *, seed: int = 0) -> list[Cell]:
    """So many cells for each way of encoding, the rest drawn at random."""
    rng = np.random.default_rng(seed)

    def one(choices: Sequence) -> object:
        return choices[rng.integers(len(choices))]

    return [
        Cell(
            *way,
            size=one(SIZES),
            colour=one(COLOURS),
            range=one(RANGES),
            matrix=one(MATRICES),
            rate=one(RATES),
            times=one(TIMES[:1] if way[2] == "avi" else TIMES),
            target=one(TARGETS),
        )
        for _ in range(draws)
        for way in WAYS
    ]


def _picture(number: int, height: int, width: int) -> np.ndarray:
    """(H, W, 4) uint8: a gentle slope of colours, brighter patches that move, a transparent corner.

    Colours have no edges: where a colour between two samples of chroma lies is another question.
    """
    rows, columns = np.mgrid[:height, :width]
    red, green = rows * 40 // height + 60, columns * 40 // width + 40
    picture = np.stack([red, green, 160 - red // 2, np.full_like(red, 255)], axis=-1)
    picture[4 + 4 * number : 16 + 4 * number, 8:24, :3] += 60
    picture[24:40, 4 + 4 * number : 20 + 4 * number, :3] += 40
    picture[: height // 3, width // 2 :, 3] = 64 + 16 * number
    return picture.astype(np.uint8)
