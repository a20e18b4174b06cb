import numpy as np
import pytest
from PIL import Image

from tgan.data.loader import ClipBatches
from tgan.data.pictures.crops import CroppedPictures, middle_box, random_box
from tgan.data.pictures.images import open_images
from tgan.data.pictures.opening import square


def coordinates(width, height):
    """A picture whose pixels say where they are."""
    rows, columns = np.mgrid[:height, :width].astype(np.uint8)
    return Image.fromarray(np.stack([rows, columns, 0 * rows], -1))


def boxes(size, resolution, count=400):
    return np.array([random_box(np.random.default_rng(n), size, resolution) for n in range(count)])


@pytest.mark.parametrize(
    ("size", "resolution", "smallest", "largest"),
    [((64, 48), 8, 12, 48), ((64, 48), 20, 20, 48), ((30, 60), 32, 30, 30), ((9, 9), 4, 4, 9)],
)
def test_squares_of_several_scales_lie_anywhere_inside(size, resolution, smallest, largest):
    left, top, side = boxes(size, resolution).T
    assert side.min() == smallest and side.max() == largest
    assert left.min() == 0 and (left + side).max() == size[0]
    assert top.min() == 0 and (top + side).max() == size[1]
    if largest > smallest:
        # Log-uniform: as many below the geometric mean of the ends as above.
        below = side + 0.5 < (smallest * (largest + 1)) ** 0.5
        assert 0.35 < below.mean() < 0.65


def test_a_crop_is_a_function_of_picture_and_number():
    source = CroppedPictures([coordinates(64, 48)] * 2, square, 8, 3, crops=50)
    assert source.shape == (1, 8, 8, 3) and len(source) == 2 and source.num_starts(1) == 50
    again = CroppedPictures([coordinates(64, 48)] * 2, square, 8, 3, crops=9)
    np.testing.assert_array_equal(source.clip(1, 7), again.clip(1, 7))
    different = {source.clip(i, n).tobytes() for i in range(2) for n in range(50)}
    assert len(different) > 90
    for number in (-1, 50):
        with pytest.raises(IndexError, match="of picture 0, which has 50"):
            source.clip(0, number)


def test_the_loader_reaches_the_first_and_the_last_crop():
    class Numbered(CroppedPictures):
        def clip(self, index, start=0):
            return np.full(self.shape, start, np.uint8)

    source = Numbered([coordinates(9, 9)] * 3, square, 8, 3, crops=4)
    batches = ClipBatches(source, batch_size=30, seed=0)
    assert set(batches[0][0].flatten().tolist()) == {0, 1, 2, 3}


def test_a_square_shows_the_pixels_in_its_box():
    cut = square(coordinates(20, 12), (5, 2, 8), 8)
    np.testing.assert_array_equal(cut[..., 0], np.mgrid[2:10, 5:13][0])
    np.testing.assert_array_equal(cut[..., 1], np.mgrid[2:10, 5:13][1])
    halved = square(coordinates(20, 12), (4, 2, 8), 4)
    assert np.abs(halved[..., 1] - (np.arange(4) * 2 + 4.5)).max() <= 0.5


def test_the_middle_box_is_in_the_middle():
    assert middle_box((20, 12)) == (4, 0, 12) and middle_box((7, 9)) == (0, 1, 7)


def test_folders_of_pictures_give_crops_and_keep_their_classes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        coordinates(64, 48).save(tmp_path / name / "1.png")
    (tmp_path / "b" / "broken.png").write_bytes(b"")
    source = open_images(tmp_path, resolution=16, channels=3, crops=30)
    assert source.labels == ["a", "b"] and [source.label(i) for i in range(2)] == [0, 1]
    assert [name for name, _ in source.skipped] == ["b/broken.png"]
    clips = np.stack([source.clip(0, n) for n in range(30)])
    assert clips.shape == (30, 1, 16, 16, 3)
    widths = np.ptp(clips[..., 1].astype(int), axis=(1, 2, 3))
    assert widths.min() < 20 and widths.max() > 38
    grey = open_images(tmp_path, resolution=16, channels=1, crops=2)
    assert grey.clip(1, 1).shape == (1, 16, 16, 1)
