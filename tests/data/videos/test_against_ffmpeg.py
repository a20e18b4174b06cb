"""Frames against those of FFmpeg's own program, over a matrix of videos."""

import numpy as np
import pytest

from tests.made.video_cells import BEST, MATRICES, TIMES, TURNING, VPX, Cell, cells
from tests.truths.ffmpeg import shown_frames
from tgan.data.videos.decode import read_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.rates import Paced

# Of 255: rounding of colours and of transparency.
LEVELS = 3
# Decoders that FFmpeg has to be asked for, by codec, where there is transparency.
_ALPHA = {"libvpx": "libvpx", "libvpx-vp9": "libvpx-vp9"}
# One of each kind of thing that can go wrong.
TELLING = [
    Cell(
        "libx264", "yuv420p", "mp4", {"bf": "2", "qp": "8"}, colour=1, range=1, matrix=MATRICES[2]
    ),
    Cell("libx264", "yuv444p", "mov", {"bf": "2"}, colour=9, range=2, matrix=MATRICES[7]),
    Cell("libx264", "yuv420p", "mkv", {"qp": "8"}, times=TIMES[1], target=60),
    Cell("mpeg4", "yuv420p", "avi", BEST, times=TIMES[1], target=60),
    Cell("mpeg2video", "yuv422p", "ts", BEST, colour=7),
    Cell("mjpeg", "yuvj422p", "mov", BEST, matrix=MATRICES[5]),
    Cell("libvpx", "yuva420p", "webm", VPX | {"auto-alt-ref": "0"}, colour=1),
    Cell("libvpx-vp9", "yuva420p", "webm", {"crf": "4", "b": "0"}, target=60),
    Cell("prores_ks", "yuva444p10le", "mov", {}, matrix=MATRICES[1]),
    Cell("ffv1", "gray16le", "mkv", {}),
    Cell("png", "rgba", "mov", {}, matrix=MATRICES[4]),
    Cell("gif", "rgb8", "gif", {}, times=TIMES[1], target=60),
]
CELLS = cells(4)


def squares(cell, path):
    """The middle squares of all frames, not scaled, as ours and as FFmpeg's: two (N, S, S, 3)."""
    has_alpha = cell.codec in _ALPHA and "a" in cell.pix_fmt
    decoder = _ALPHA[cell.codec] if has_alpha else None
    height, width = cell.shown_size
    truth = shown_frames(path, (height, width), alpha_decoder=decoder, fps=cell.target)
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    fit = Fitter(side)
    ours = [fit(frame) for frame in Paced(read_video(path), cell.target, path)]
    return np.array(ours, float), truth[:, top : top + side, left : left + side]


def check(cell, folder):
    ours, truth = squares(cell, cell.write(folder))
    assert len(ours) == len(truth), cell.name
    assert np.abs(ours - truth).max() <= LEVELS, cell.name


@pytest.mark.parametrize("cell", TELLING, ids=lambda cell: f"{cell.pix_fmt}.{cell.container}")
def test_telling_videos_are_what_ffmpeg_shows(tmp_path, cell):
    check(cell, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_every_cell_is_what_ffmpeg_shows(tmp_path, cell):
    check(cell, tmp_path)


def test_the_matrix_is_large_and_covers_everything():
    assert len(CELLS) >= 300
    assert len({(cell.codec, cell.pix_fmt, cell.container) for cell in CELLS}) == len(CELLS) / 4
    turned = {cell.matrix for cell in CELLS if cell.container in TURNING}
    assert turned == set(MATRICES)
