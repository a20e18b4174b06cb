from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tgan.data.files import PICTURE_SUFFIXES, VIDEO_SUFFIXES, entries, is_picture, is_video
from tgan.data.pictures.images import open_images
from tgan.data.videos.sources import find_sources


def test_suffixes_are_of_pictures_or_of_videos_and_case_does_not_count():
    assert not set(PICTURE_SUFFIXES) & set(VIDEO_SUFFIXES)
    assert is_picture(Path("a/B.JPG")) and not is_picture(Path("a/jpg"))
    assert is_video(Path("a/B.Mp4")) and not is_video(Path("notes.txt"))


def test_files_of_a_folder_are_sorted_and_hidden_ones_left_out(tmp_path):
    for name in ("b/2.png", "a.txt", ".hidden", ".git/x.png", "b/.y/z.png", "b/1.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [entry.relative for entry in entries(tmp_path) if not entry.is_hidden]
    assert found == ["a.txt", "b/1.mp4", "b/2.png"]
    # A hidden folder above the one that is named hides nothing.
    assert [(e.relative, e.is_hidden) for e in entries(tmp_path / ".git")] == [("x.png", False)]


# What Pillow lists, and is none of a picture's endings here.
VIDEOS = {".flc", ".fli", ".gif", ".mpeg", ".mpg"}
OTHER_PROGRAMS = {".bufr", ".emf", ".eps", ".grib", ".h5", ".hdf", ".ps", ".wmf"}
NEVER_READ = {".palm", ".pdf"}
# Cursors, recorded sports and news' captions are called so, too.
OTHER_THINGS = {".cur", ".fit", ".iim"}
FORMATS = Image.registered_extensions()
# An icon file has icons of its own sizes alone.
WRITTEN = [s for s in PICTURE_SUFFIXES if FORMATS.get(s) in Image.SAVE and s != ".icns"]
MODES = {".pgm": "L", ".msp": "1", ".xbm": "1", ".blp": "P"}


def test_all_endings_that_pillow_reads_are_those_of_pictures_but_for_some():
    others = VIDEOS | OTHER_PROGRAMS | NEVER_READ | OTHER_THINGS
    assert set(FORMATS) - set(PICTURE_SUFFIXES) <= others
    assert not set(PICTURE_SUFFIXES) & others
    assert {".jpg", ".png", ".tif", ".webp", ".tga", ".jp2", ".psd"} <= set(PICTURE_SUFFIXES)


@pytest.mark.parametrize("suffix", WRITTEN)
def test_a_picture_is_one_wherever_it_is_looked_for(tmp_path, suffix):
    """As an image, and as a strip of frames: both take the same files."""
    strip = np.random.default_rng(0).integers(0, 256, (8, 40, 3), dtype=np.uint8)
    picture = Image.fromarray(strip).convert(MODES.get(suffix, "RGB"))
    picture.save(tmp_path / f"a{suffix}")
    assert len(open_images(tmp_path, resolution=8, channels=3)) == 1
    (source,) = find_sources([tmp_path]).sources
    assert source.num_frames == 5 and len(list(source.read().frames)) == 5
