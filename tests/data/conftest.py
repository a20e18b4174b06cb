"""Videos that tests of several rooms read: five of them, in three folders, as files and packed."""

import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, write_video
from tgan.data.packed.index import Settings
from tgan.data.packed.pack import pack
from tgan.data.videos.sources import find_sources


@pytest.fixture(scope="session")
def few_videos(tmp_path_factory):
    """Numbered frames; 60, 33, 20, 25 and 16 of them, in the order of `find_sources`."""
    root = tmp_path_factory.mktemp("videos")
    options = {"x264-params": "open-gop=1:keyint=20:bframes=3"}
    write_video(root / "a" / "one.mp4", 60, options=options)
    write_video(root / "a" / "two.avi", 33, codec="mpeg4", options={"bf": "2", "g": "9"})
    write_video(root / "b" / "three.webm", 20, codec="libvpx-vp9")
    write_video(root / "c" / "four.mkv", 16)
    frames = [numbered_frame(number, width=16, height=16) for number in range(25)]
    Image.fromarray(np.concatenate(frames, axis=1)).save(root / "c" / "five.png")
    return root


@pytest.fixture(scope="session")
def few_packed(few_videos, tmp_path_factory):
    """The same at 16x16, with their folders as classes."""
    out = tmp_path_factory.mktemp("packed") / "out"
    pack(find_sources([few_videos], labels="folders"), out, Settings(resolution=16))
    return out
