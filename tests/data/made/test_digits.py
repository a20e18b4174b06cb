import gzip
import struct

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tests.made.mnist_files import write_mnist
from tgan.data.made.digits import (
    MAX_SIZE,
    MovingDigits,
    bounce,
    open_digits,
    read_idx_images,
)
from tgan.rng import Stream, numpy_rng


def test_clip_is_a_pure_function_of_seed_and_number():
    a, b = MovingDigits(size=10), MovingDigits(size=99)
    b.clip(7)
    np.testing.assert_array_equal(a.clip(3), b.clip(3))
    assert not np.array_equal(a.clip(3), a.clip(4))
    assert not np.array_equal(a.clip(3), MovingDigits(size=10, seed=1).clip(3))
    assert not np.array_equal(a.clip(3), MovingDigits(size=10, held_out=True).clip(3))


@pytest.mark.parametrize("resolution", [32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_range(resolution, channels):
    digits = MovingDigits(num_frames=20, resolution=resolution, channels=channels)
    clip = digits.clip(0)
    assert clip.shape == digits.shape == (20, resolution, resolution, channels)
    assert clip.dtype == np.uint8 and clip.min() == 0 and clip.max() > 200
    assert (clip == clip[..., :1]).all()


def test_path_is_straight_at_constant_speed_and_bounces_inside():
    bounces = 0
    for number in range(50):
        path = bounce(numpy_rng(Stream.DIGITS, number), 40)
        assert path.shape == (40, 2) and path.min() >= 0 and path.max() <= 1
        steps = np.diff(path, axis=0)
        inside = ((path > 0) & (path < 1)).all(1)
        free = inside[1:] & inside[:-1]
        np.testing.assert_allclose(np.linalg.norm(steps[free], axis=1), 0.1)
        bounces += (np.sign(steps[1:]) != np.sign(steps[:-1])).any()
    assert bounces > 40


def test_one_digit_moves_rigidly():
    clip = MovingDigits(num_digits=1, num_frames=8).clip(5)[..., 0]
    rows = [np.flatnonzero(frame.any(1)) for frame in clip]
    columns = [np.flatnonzero(frame.any(0)) for frame in clip]
    crops = [
        f[r[0] : r[-1] + 1, c[0] : c[-1] + 1] for f, r, c in zip(clip, rows, columns, strict=True)
    ]
    assert all(np.array_equal(crop, crops[0]) for crop in crops)
    assert len({(r[0], c[0]) for r, c in zip(rows, columns, strict=True)}) > 4


def test_overlapping_digits_keep_the_brighter_pixel():
    one = MovingDigits(num_digits=1).clip(2)
    two = MovingDigits(num_digits=2).clip(2)
    assert (two >= one).all() and (two > one).any()


def test_held_out_digits_are_never_trained_on():
    train = MovingDigits()._digits
    held_out = MovingDigits(held_out=True)._digits
    assert len(train) + len(held_out) == 1797 and len(held_out) == 299
    seen = {digit.tobytes() for digit in train}
    assert not any(digit.tobytes() in seen for digit in held_out)


def write_idx(path, images, *, magic=2051, compress=False):
    data = struct.pack(">4I", magic, *images.shape) + images.tobytes()
    path.write_bytes(gzip.compress(data) if compress else data)
    return str(path)


@pytest.mark.parametrize("compress", [False, True])
def test_digits_of_an_idx_file_are_used_pixel_by_pixel(tmp_path, compress):
    images = np.random.default_rng(0).integers(1, 256, (12, 28, 28)).astype(np.uint8)
    path = write_idx(tmp_path / "images", images, compress=compress)
    clip = MovingDigits(num_digits=1, path=path).clip(0)[0, ..., 0]
    rows, columns = np.flatnonzero(clip.any(1)), np.flatnonzero(clip.any(0))
    shown = clip[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    assert any(np.array_equal(shown, image) for image in images[:10])


def test_real_mnist_file(shared):
    images = read_idx_images(shared("datasets/digits/t10k-images-idx3-ubyte.gz"))
    assert images.shape == (10_000, 28, 28)
    assert images.mean() / 255 == pytest.approx(0.13251, abs=1e-5)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\x1f\x8bnot gzip",
        gzip.compress(b"", mtime=0)[:10] + b"\xff" * 20,
        struct.pack(">4I", 2051, 9, 9, 9),
    ],
    ids=["empty", "text", "not gzip", "damaged gzip", "no pixels"],
)
def test_a_file_that_is_no_idx_file_is_named(tmp_path, content):
    path = tmp_path / "strange"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="strange"):
        MovingDigits(path=str(path))


def test_missing_file_and_labels_file_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        MovingDigits(path=str(tmp_path / "nothing"))
    labels = write_idx(tmp_path / "labels", np.zeros((3, 4, 4), np.uint8), magic=2049)
    with pytest.raises(ValueError, match="magic 2051"):
        read_idx_images(labels)


@pytest.mark.parametrize("shape", [(0, 28, 28), (5, 28, 28), (6, 0, 28), (6, 28, 0)])
def test_too_few_or_empty_images_are_named(tmp_path, shape):
    path = write_idx(tmp_path / "images", np.ones(shape, np.uint8))
    size = f"{shape[0]} images of {shape[1]}x{shape[2]}"
    with pytest.raises(ValueError, match=f"images': {size} pixels; at least 6"):
        MovingDigits(path=path)


@pytest.mark.parametrize("held_out", [False, True])
def test_six_images_are_enough_for_both_shares(tmp_path, held_out):
    path = write_idx(tmp_path / "images", np.ones((6, 1, 1), np.uint8))
    assert MovingDigits(path=path, held_out=held_out).clip(0).max() == 1


def test_the_number_of_clips_is_limited_and_costs_nothing():
    digits = MovingDigits(size=MAX_SIZE)
    assert digits.clip(MAX_SIZE - 1).any()
    with pytest.raises(ValueError, match=f"size {10**9} is above {MAX_SIZE}"):
        MovingDigits(size=10**9)


@pytest.mark.parametrize(
    "settings", [{"num_frames": 0}, {"num_digits": 0}, {"size": 0}, {"channels": 2}]
)
def test_settings_out_of_range_are_named(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        MovingDigits(**settings)


def test_digits_are_scikit_learns_in_two_parts():
    parts = [open_digits(resolution=8, channels=1, held_out=part) for part in (False, True)]
    digits = load_digits()
    pixels = np.concatenate([part.pixels for part in parts])[..., 0]
    np.testing.assert_array_equal(pixels, (digits.images * 255 / 16).round())
    classes = [part.label(index) for part in parts for index in range(len(part))]
    assert classes == digits.target.tolist() and parts[0].labels == list("0123456789")
    assert len(parts[1]) == 1797 // 6
    assert parts[0].names == []


def test_a_clip_of_one_digit_has_its_class():
    digits, truth = MovingDigits(num_digits=1, resolution=64), load_digits()
    assert digits.labels == [str(digit) for digit in range(10)]
    kept = digits._digits
    for index in range(30):
        clip = digits.clip(index)[0, ..., 0]
        label = digits.label(index)
        same = [_shows(clip, image) for image in kept[truth.target[: len(kept)] == label]]
        assert any(same)
    drawn = np.bincount([digits.label(index) for index in range(500)], minlength=10)
    assert drawn.min() > 20


def test_held_out_digits_have_their_own_classes():
    held_out, truth = MovingDigits(num_digits=1, held_out=True), load_digits().target[-299:]
    clip, label = held_out.clip(3)[0, ..., 0], held_out.label(3)
    matches = [k for k, image in enumerate(held_out._digits) if _shows(clip, image)]
    assert matches and all(truth[k] == label for k in matches)


def test_several_digits_have_no_class():
    digits = MovingDigits(num_digits=2)
    assert digits.labels == [] and digits.label(0) is None


def test_classes_of_mnist_lie_beside_its_images(shared):
    path = shared("datasets/digits/t10k-images-idx3-ubyte.gz")
    digits = MovingDigits(num_digits=1, path=path)
    # The first images of MNIST's test set, as every tutorial shows them.
    images = read_idx_images(path)
    assert digits._classes[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    clip, label = digits.clip(0)[0, ..., 0], digits.label(0)
    matches = [k for k, image in enumerate(images) if _shows(clip, image)]
    assert label in {int(digits._classes[k]) for k in matches}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"hello", "not a whole IDX file of classes"),
        (struct.pack(">2I", 2049, 12) + bytes([10] * 12), "not a whole IDX file of classes"),
        (struct.pack(">2I", 2049, 3) + bytes(3), "3 of them are not one for each of 12 images"),
    ],
    ids=["text", "no digits", "too few"],
)
def test_a_strange_file_of_classes_is_named(tmp_path, content, problem):
    images = np.random.default_rng(0).integers(1, 256, (12, 28, 28)).astype(np.uint8)
    path = write_idx(tmp_path / "a-images-idx3-ubyte", images)
    (tmp_path / "a-labels-idx1-ubyte").write_bytes(content)
    with pytest.raises(ValueError, match=problem):
        MovingDigits(num_digits=1, path=path)
    assert MovingDigits(num_digits=1, path=write_idx(tmp_path / "images", images)).labels == []


def _shows(frame, image):
    """Whether somewhere in the frame is this very image, and nothing else."""
    (top, left), lit = np.argwhere(frame).min(0), np.argwhere(image)
    place = (top - lit.min(0)[0], left - lit.min(0)[1])
    rows, columns = (slice(max(p, 0), p + len(image)) for p in place)
    return np.array_equal(frame[rows, columns], image) and frame.sum() == image.sum()


def test_images_of_an_mnist_file_have_its_classes_and_hold_the_last_sixth_back(tmp_path):
    images, classes = write_mnist(tmp_path, counts=(24, 5))["train"]
    path = str(tmp_path / "MNIST/raw/train-images-idx3-ubyte")
    parts = [open_digits(resolution=28, channels=1, path=path, held_out=h) for h in (False, True)]
    assert [len(part) for part in parts] == [20, 4]
    found = [part.clip(k)[0, :, :, 0] for part in parts for k in range(len(part))]
    np.testing.assert_array_equal(found, images)
    assert [part.label(k) for part in parts for k in range(len(part))] == classes.tolist()
    labels = tmp_path / "MNIST/raw/train-labels-idx1-ubyte"
    labels.write_bytes(struct.pack(">2I", 2049, 23) + classes.tobytes()[:23])
    with pytest.raises(ValueError, match="23 of them are not one for each of 24 images"):
        open_digits(resolution=28, channels=1, path=path)
    labels.unlink()
    assert open_digits(resolution=28, channels=1, path=path).labels == []
