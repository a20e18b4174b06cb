import numpy as np
import pytest

from tgan.data.pictures.images import open_images
from tgan.media.sample_folder import ending_of, names_folder, sample_names, write_sample_folder


def test_what_names_a_folder(tmp_path):
    (tmp_path / "there.png").mkdir()
    for name in ("samples/", "samples", "a.b/", tmp_path / "there.png", "runs/x"):
        assert names_folder(name)
    for name in ("a.png", "a.avi", tmp_path / "absent.png"):
        assert not names_folder(name)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_images_are_read_back_with_pixels_and_classes(tmp_path, channels):
    videos = np.random.default_rng(0).integers(0, 256, (7, 1, 8, 8, channels), np.uint8)
    classes = [("cat", "a dog, or two")[number % 2] for number in range(7)]
    names = sample_names(range(5, 12), classes, ending=ending_of(1))
    assert names[0] == "cat/seed_000005.png"
    write_sample_folder(tmp_path / "s", iter(videos), names)
    clips = open_images(tmp_path / "s", resolution=8, channels=channels)
    assert clips.labels == ["a dog, or two", "cat"]
    order = np.argsort(names)
    np.testing.assert_array_equal(clips.pixels, videos[order, 0])
    assert [clips.labels[clips.label(i)] for i in range(7)] == [classes[i] for i in order]


def test_without_classes_files_lie_side_by_side(tmp_path):
    assert sample_names([3, 1234567], None, ending=ending_of(16)) == [
        "seed_000003.mp4",
        "seed_1234567.mp4",
    ]


def test_one_seed_may_stand_once_in_a_class():
    assert len(sample_names([3, 3], ["a", "b"], ending=ending_of(1))) == 2
    with pytest.raises(ValueError, match="2 samples have the name a/seed_000003.png"):
        sample_names([3, 4, 3], ["a", "b", "a"], ending=ending_of(1))


@pytest.mark.parametrize("name", ["a/b", "..", "", ".hidden", "a\\b"])
def test_classes_that_cannot_name_a_folder_are_refused(name):
    with pytest.raises(ValueError, match="cannot name a folder"):
        sample_names([1, 2], ["fine", name], ending=ending_of(1))
