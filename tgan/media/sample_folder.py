"""Folders of samples, one file for each, in a folder per class: data to train on again."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import imageio.v3 as iio
import numpy as np

from tgan.media.video import with_fourth_beside, write_video
from tgan.system.files import write_whole_folder


def names_folder(path: str | Path) -> bool:
    """Tell whether an output names a folder: by a slash, by being one, or by having no ending."""
    return str(path).endswith(("/", "\\")) or Path(path).is_dir() or not Path(path).suffix


def ending_of(num_frames: int) -> str:
    """Return the ending of a file with one sample: of an image, or of a video."""
    return ".png" if num_frames == 1 else ".mp4"


def sample_names(seeds: Sequence[int], classes: Sequence[str] | None, *, ending: str) -> list[str]:
    """Name samples `cat/seed_000123.png`, below the folder.

    Args:
        ending: of all, such as that of `ending_of`.

    Raises:
        ValueError: one seed twice in a class, or a class whose name cannot be a folder's.
    """
    for name in dict.fromkeys(classes or ()):
        if not name or name.startswith(".") or set(name) & set("/\\\0"):
            raise ValueError(f"the class '{name}' cannot name a folder; write one file instead")
    files = [f"seed_{seed:06d}{ending}" for seed in seeds]
    if classes is not None:
        files = [f"{name}/{file}" for name, file in zip(classes, files, strict=True)]
    ((file, count),) = Counter(files).most_common(1)
    if count > 1:
        raise ValueError(f"{count} samples have the name {file}: a folder holds one")
    return files


def write_sample(path: Path, video: np.ndarray, fps: float) -> None:
    """Write a video (T, H, W, C), uint8, into a file whose ending is that of `ending_of`.

    An image is a PNG with the pixels as they are, RGBA for four channels. A video is H.264, which
    changes pixels a little, with a fourth channel beside the colours.
    """
    if len(video) == 1:
        image = video[0, ..., 0] if video.shape[-1] == 1 else video[0]
        iio.imwrite(path, image, plugin="pillow")
    else:
        write_video(path, with_fourth_beside(video), fps=fps)


def write_sample_folder(
    path: str | Path,
    videos: Iterable[np.ndarray],
    names: Sequence[str],
    *,
    fps: float = 8,
    write: Callable[[Path, np.ndarray, float], None] = write_sample,
) -> None:
    """Write videos (T, H, W, C), uint8, as they come; the folder appears whole or not at all.

    Args:
        names: of the files, as of `sample_names`.
        write: writes one of them.

    Raises:
        ValueError: as `tgan.system.files.write_whole_folder`.
    """
    with write_whole_folder(path) as part:
        for name, video in zip(names, videos, strict=True):
            file = part / name
            file.parent.mkdir(exist_ok=True)
            write(file, video, fps)
