"""A folder of two small videos."""

import pytest

from tests.made.numbered_videos import write_video


@pytest.fixture(scope="session")
def two_videos(tmp_path_factory):
    """Numbered frames of 64x64, 40 and 20 of them."""
    root = tmp_path_factory.mktemp("videos")
    write_video(root / "one.mp4", 40)
    write_video(root / "two.avi", 20, codec="mpeg4")
    return root
