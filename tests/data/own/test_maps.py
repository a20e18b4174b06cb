import pickle

import numpy as np
import pytest

from tgan.data.own.maps import MappedArray, received, to_send


@pytest.fixture
def path(tmp_path):
    array = np.random.default_rng(0).integers(0, 256, (7, 6, 5, 4, 3), np.uint8)
    np.save(tmp_path / "a.npy", array)
    return tmp_path / "a.npy"


VIEWS = {
    "all": lambda x: x,
    "plain": np.asarray,
    "part": lambda x: x[2:5],
    "one": lambda x: x[3],
    "strides": lambda x: x[1::2, :, ::-1, ::2],
    "axes": lambda x: x.transpose(0, 2, 1, 3, 4)[4:],
    "new axis": lambda x: x[:, None],
    "twice": lambda x: x[2:][1:4][::-1],
}


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_of_a_map_is_sent_as_its_place_and_arrives_as_the_same(path, view):
    array = VIEWS[view](np.load(path, mmap_mode="r"))
    sent = pickle.loads(pickle.dumps(to_send(array)))  # noqa: S301
    assert isinstance(sent, MappedArray) and len(pickle.dumps(sent)) < 1000
    np.testing.assert_array_equal(received(sent), array)
    assert not received(sent).flags.writeable


def test_raw_maps_with_an_offset(path):
    raw = np.memmap(path, np.uint8, mode="r", offset=200, shape=(3, 10))
    np.testing.assert_array_equal(received(to_send(raw[1:, 2:])), raw[1:, 2:])


def test_what_lies_in_memory_is_sent_as_it_is(path):
    array = np.arange(12).reshape(3, 4)
    assert to_send(array) is array and received(array) is array
    view = array[1:]
    assert to_send(view) is view
    # Changes of a copy on write would be lost with the file.
    private = np.load(path, mmap_mode="c")
    private[0] = 7
    assert to_send(private) is private
