import inspect
import os
import time

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets

from tests.made import forked
from tests.made.mnist_files import write_mnist
from tgan.config import DataConfig
from tgan.config.data_sets import TORCHVISION_SETS
from tgan.data.datasets import open_dataset, open_held_out
from tgan.data.pictures.torchvision_sets import default_root, open_torchvision


def resized(image, side):
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX))


@pytest.mark.parametrize("name", TORCHVISION_SETS)
def test_every_set_is_torchvisions_and_has_the_argument_that_asks_for_its_split(name):
    make = getattr(datasets, name)
    assert issubclass(make, torch.utils.data.Dataset)
    parameters = inspect.signature(make).parameters
    assert TORCHVISION_SETS[name] in parameters
    assert {"train", "split"} - {TORCHVISION_SETS[name]} - parameters.keys()


@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST"])
def test_both_splits_are_read_with_their_classes(tmp_path, name):
    made = write_mnist(tmp_path, name)
    data = DataConfig(name="torchvision", dataset=name, path=str(tmp_path), num_frames=1)
    data.resolution, data.channels = 14, 1
    for source, split in ((open_dataset(data), "train"), (open_held_out(data), "t10k")):
        images, labels = made[split]
        assert source.shape == (1, 14, 14, 1) and len(source) == len(images)
        assert [source.label(index) for index in range(len(source))] == labels.tolist()
        expected = np.stack([resized(image, 14) for image in images])
        np.testing.assert_array_equal(source.pixels[..., 0], expected)
        known = list("0123456789") if name == "MNIST" else datasets.FashionMNIST.classes
        assert source.labels[1:] == known[1:] and len(source.labels) == 10
        assert source.labels[0] in ("0", "T-shirt-top")
    data.classes = ["1", "7"] if name == "MNIST" else ["Sneaker"]
    assert open_dataset(data).labels == data.classes


class Squares:
    """A set of torchvision's kind whose split is named, in colour, without names of classes."""

    def __init__(self, root, split, download):
        self.colour = {"train": (200, 30, 40), "test": (20, 130, 240)}[split]

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return Image.new("RGB", (32, 32), self.colour), index % 3


def test_sets_that_name_their_splits(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "SVHN", Squares)
    sizes = {"root": tmp_path, "resolution": 16, "channels": 3}
    train, test = (open_torchvision("SVHN", held_out=part, **sizes) for part in (False, True))
    assert (train.pixels == (200, 30, 40)).all() and (test.pixels == (20, 130, 240)).all()
    assert train.labels == ["0", "1", "2"] and train.classes.tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize("name", sorted(TORCHVISION_SETS))
def test_a_set_that_is_not_there_is_named_in_one_line(tmp_path, name):
    message = f"^{name} is not in '.*nothing', or not whole; data.download true fetches it"
    with pytest.raises(ValueError, match=message) as error:
        open_torchvision(name, root=tmp_path / "nothing", resolution=8, channels=3)
    assert "\n" not in str(error.value) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "trouble", [RuntimeError("Error downloading:\nTried a"), OSError("no route"), ValueError("x")]
)
def test_what_cannot_be_fetched_is_named_in_one_line(tmp_path, monkeypatch, trouble):
    def fail(root, train, download):
        assert download
        raise trouble

    monkeypatch.setattr(datasets, "CIFAR10", fail)
    with pytest.raises(ValueError, match="CIFAR10 cannot be fetched to .*: ") as error:
        open_torchvision("CIFAR10", root=tmp_path, download=True, resolution=8, channels=3)
    assert "\n" not in str(error.value)


class Fetched:
    """A set whose files take a while, and must not be fetched by two at once."""

    def __init__(self, root, train, download):
        self.place = root / "files"
        if download and not self.place.exists():
            (root / "part").open("x").close()
            time.sleep(0.3)
            (root / "part").rename(self.place)
            with (root / "times").open("a") as times:
                times.write("fetched ")

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return Image.new("RGB", (32, 32)), index


def test_of_several_processes_one_fetches(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "CIFAR10", Fetched)

    def work():
        open_torchvision("CIFAR10", root=tmp_path / "sets", download=True, resolution=8, channels=3)

    log = tmp_path / "log"
    assert forked.ended(forked.start(work, 3, log), 60) == [0, 0, 0], log.read_text()
    assert (tmp_path / "sets" / "times").read_text().split() == ["fetched"]
    assert sorted(path.name for path in (tmp_path / "sets").iterdir()) == ["files", "times"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="nothing is read-only here")
def test_a_set_that_lies_where_nobody_may_write_is_opened(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "CIFAR10", Fetched)
    (tmp_path / "files").touch()
    tmp_path.chmod(0o555)
    try:
        open_torchvision("CIFAR10", root=tmp_path, download=True, resolution=8, channels=3)
    finally:
        tmp_path.chmod(0o755)


def test_unknown_names_list_the_choices(tmp_path):
    with pytest.raises(ValueError, match="unknown data.dataset 'MNITS' .did you mean 'MNIST'"):
        open_torchvision("MNITS", root=tmp_path, resolution=8, channels=1)


def test_the_users_cache_is_the_default_place(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_root() == tmp_path / "tgan" / "torchvision"
    write_mnist(default_root())
    assert len(open_torchvision("MNIST", resolution=8, channels=1)) == 12
