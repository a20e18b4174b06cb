"""Square RGB frames of one resolution, made of frames of any size and pixel format."""

from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from tgan._moved import moved_names
from tgan.data.videos.orientation import as_shown, display_matrix
from tgan.media.scaling import ONE_THREAD

__getattr__ = moved_names(
    __name__,
    {
        "with_channels": "tgan.data.channels",
        "displayed_size": "tgan.data.videos.orientation",
    },
)
ASPECTS = ("crop", "stretch")

# Area averaging with exact rounding and full chroma: against the exact average of 1080p to 240p
# frames it errs by 0.25 to 0.5 of 255 (bicubic and bilinear: 1 to 3) and takes a tenth of the
# time of converting the whole frame and shrinking it in Pillow.
_EXACT = (
    Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
_SHRINK = Interpolation.AREA | _EXACT
_ENLARGE = Interpolation.BICUBIC | _EXACT


def to_rgba(frame: av.VideoFrame, scaler: VideoReformatter) -> np.ndarray:
    """Convert a frame of any pixel format to RGBA, (H, W, 4), uint8."""
    converted = scaler.reformat(frame, format="rgba", interpolation=_SHRINK, **ONE_THREAD)
    return converted.to_ndarray()


class Fitter:
    """A converter of frames to squares of `resolution`; it keeps FFmpeg's scaler between them.

    `aspect` is "crop": the shorter side becomes `resolution` and the middle of the longer side
    is kept (320x240 at 64: 85x64, columns 10 to 73, as the official TGAN code does for UCF-101);
    or "stretch": the whole picture is squeezed into the square. `pixel_aspect` is the width of the
    frames' pixels over their height: pictures are cropped as players show them.

    Raises:
        ValueError: an unknown `aspect`, or a `resolution` below 1.

    Example:
        >>> fit = Fitter(64)
        >>> squares = [fit(frame) for frame in read_video(path).frames]
    """

    def __init__(
        self, resolution: int, *, aspect: str = "crop", pixel_aspect: Fraction = Fraction(1)
    ) -> None:
        if aspect not in ASPECTS:
            raise ValueError(f"unknown aspect '{aspect}'; choose from {', '.join(ASPECTS)}")
        if resolution < 1:
            raise ValueError(f"resolution must be at least 1, not {resolution}")
        self.resolution = resolution
        self.aspect = aspect
        self.pixel_aspect = pixel_aspect
        # One for each conversion: a scaler begins anew when another one is asked of it.
        self._scaler, self._to_rgba = VideoReformatter(), VideoReformatter()
        self._for_matrix = VideoReformatter()
        # The size of the last frame, and the one that it was scaled to.
        self._size = self._scaled = 0, 0

    def __call__(self, frame: av.VideoFrame) -> np.ndarray:
        """Convert a frame of any pixel format to RGB, (resolution, resolution, 3), uint8.

        Transparency is laid on black, and the picture is turned and mirrored as its display
        matrix says (by another angle than a multiple of 90 degrees: by the nearest one).
        """
        matrix = display_matrix(frame, self._for_matrix)
        if any(component.is_alpha for component in frame.format.components):
            frame = self._on_black(frame)
        if (frame.width, frame.height) != self._size:
            self._size = frame.width, frame.height
            self._scaled = self._scaled_size(*self._size)
        width, height = self._scaled
        way = _ENLARGE if width * height > frame.width * frame.height else _SHRINK
        small = self._scaler.reformat(
            frame, width, height, "rgb24", interpolation=way, **ONE_THREAD
        )
        return self._middle(as_shown(small.to_ndarray(), matrix))

    def _scaled_size(self, width: int, height: int) -> tuple[int, int]:
        if self.aspect == "stretch":
            return self.resolution, self.resolution
        shown = float(width * self.pixel_aspect)
        scale = self.resolution / min(shown, height)
        # Half a pixel always rounds up: the same frame fits the same way at every Python.
        return int(shown * scale + 0.5), int(height * scale + 0.5)

    def _middle(self, image: np.ndarray) -> np.ndarray:
        top, left = ((side - self.resolution) // 2 for side in image.shape[:2])
        square = image[top : top + self.resolution, left : left + self.resolution]
        return np.ascontiguousarray(square)

    def _on_black(self, frame: av.VideoFrame) -> av.VideoFrame:
        # Before scaling: the colour of a transparent pixel (white, in FFmpeg's GIFs) must not
        # bleed into its neighbours.
        rgba = to_rgba(frame, self._to_rgba)
        rgb = rgba[..., :3]
        if rgba[..., 3].min() < 255:
            rgb = ((rgb * rgba[..., 3:].astype(np.uint16) + 127) // 255).astype(np.uint8)
        return av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
