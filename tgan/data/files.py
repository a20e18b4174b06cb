"""Files of data: which suffixes mean pictures and videos, and which files a folder shows."""

from collections.abc import Iterator
from pathlib import Path

# What Pillow reads, without other programs, as one picture, as a strip of frames, or as an
# animation.
PICTURE_SUFFIXES = (
    *(".apng", ".avif", ".avifs", ".blp", ".bmp", ".bw", ".dcx", ".dds", ".dib", ".fits", ".ftc"),
    *(".ftu", ".gbr", ".icb", ".icns", ".ico", ".im", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc"),
    *(".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".mpo", ".msp", ".pbm", ".pcd", ".pcx", ".pfm"),
    *(".pgm", ".png", ".pnm", ".ppm", ".psd", ".pxr", ".qoi", ".ras", ".rgb", ".rgba", ".sgi"),
    *(".tga", ".tif", ".tiff", ".vda", ".vst", ".webp", ".xbm", ".xpm"),
)
# What FFmpeg reads, inside a folder; a file named by itself may have any suffix.
VIDEO_SUFFIXES = (
    *(".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mjpeg", ".mkv", ".mov", ".mp4"),
    *(".mpeg", ".mpg", ".mts", ".mxf", ".nut", ".ogv", ".ts", ".vob", ".webm", ".wmv", ".y4m"),
)


def is_picture(path: Path) -> bool:
    """Tell by its suffix whether a file is a picture."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_video(path: Path) -> bool:
    """Tell by its suffix whether a file is a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES


def is_hidden(path: Path) -> bool:
    """Tell whether a part of a path starts with a dot."""
    return any(part.startswith(".") for part in path.parts)


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of all folders below it, sorted, but for hidden ones."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_hidden(path.relative_to(folder)):
            yield path
