"""Archives and arrays whose headers claim what is not so."""

import tracemalloc
import zipfile

import numpy as np
import pytest

from tests.made.archives import (
    array_bytes,
    claim_size,
    encrypt,
    header_of,
    header_text,
    write_archive,
)
from tgan.system.archives import map_array, open_array, read_array, read_arrays

GOOD = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
ARRAYS = {
    "bytes": GOOD,
    "fortran": np.asfortranarray(GOOD),
    "numbers": np.linspace(0, 1, 5),
    "text": np.array(["a", "bcd"]),
    "none": np.zeros((0, 3)),
    "nothing": np.array([""]),
    "scalar": np.array(3),
    "flags": np.array([True, False]),
}
# Text of headers that NumPy writes none of.
HEADERS = {
    "more than there is": header_of((10**9, 1, 1, 1)),
    "less than there is": header_of((3,)),
    "no shape": header_of("'abc'"),
    "negative": header_of((-24,)),
    "two negatives": header_of((-4, -6)),
    "flags": header_of((True, 24)),
    "huge": header_of((10**30,)),
    "many axes": header_of((1,) * 40),
    "objects": header_of((3,), dtype="|O"),
    "nested": header_text("(" * 2000),
    "nested lists": header_text("[" * 200 + "]" * 200),
    "not closed": header_text("{'descr': '|u1', 'shape': ("),
    "empty": header_text(""),
    "no table": header_text("3"),
    "unlike keys": header_text("{1: 2, 'a': 3, (): 4}"),
    "empty type": header_text("{'descr': (), 'fortran_order': False, 'shape': (24,)}"),
    "long": header_text(" " * 20_000),
    "endless": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    "version": b"\x93NUMPY\x09\x00\x01\x00{",
    "other": b"hello",
    "no bytes": b"",
}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_are_those_that_were_saved(tmp_path, save):
    save(tmp_path / "a.npz", **ARRAYS)
    found = read_arrays(tmp_path / "a.npz")
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        for read in (found[name], read_array(tmp_path / "a.npz", name)):
            np.testing.assert_array_equal(read, array)
            assert read.dtype == array.dtype and read.flags.writeable
        np.save(tmp_path / "a.npy", array)
        np.testing.assert_array_equal(map_array(tmp_path / "a.npy"), array)


@pytest.mark.parametrize("name", HEADERS)
def test_headers_that_are_not_so_are_refused_before_anything_is_allocated(tmp_path, name):
    content = HEADERS[name] + bytes(24)
    path = write_archive(tmp_path / "a.npz", {"good.npy": array_bytes(GOOD), "x.npy": content})
    (tmp_path / "a.npy").write_bytes(content)
    tracemalloc.start()
    for call in (
        lambda: open_array(path, "x"),
        lambda: read_array(path, "x"),
        lambda: read_arrays(path),
        lambda: map_array(tmp_path / "a.npy"),
    ):
        # Of a file the caller names what is wrong; it is one line.
        with pytest.raises((ValueError, EOFError)) as error:
            call()
        assert len(str(error.value).splitlines()) == 1
    assert tracemalloc.get_traced_memory()[1] < 4e6
    tracemalloc.stop()
    np.testing.assert_array_equal(read_array(path, "good"), GOOD)


def test_a_member_that_claims_more_than_its_bytes_can_hold(tmp_path):
    content = {"x.npy": array_bytes(np.zeros(2**20, np.uint8))}
    path = write_archive(tmp_path / "a.npz", content)
    assert len(read_array(path, "x")) == 2**20  # Zeros: a thousandfold is possible.
    claim_size(path, 2**31)
    with pytest.raises(ValueError, match="array 'x': it claims 2,147,483,648 bytes, more than"):
        open_array(path, "x")
    claim_size(path, 2**19)
    with pytest.raises(ValueError, match="'x': the header claims 1,048,576 bytes .*there are"):
        open_array(path, "x")


def test_more_than_the_memory_is_refused(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", a=np.zeros(600, np.uint8), b=np.zeros(600, np.uint8))
    monkeypatch.setattr("tgan.system.memory.physical_memory", lambda: 1000)
    assert len(read_array(tmp_path / "a.npz", "a")) == 600
    with pytest.raises(ValueError, match="what it holds takes .* of memory"):
        read_arrays(tmp_path / "a.npz")


def test_encrypted_members_and_other_ways_of_packing_are_named(tmp_path):
    content = {"x.npy": array_bytes(GOOD)}
    with pytest.raises(ValueError, match="array 'x': it is encrypted"):
        read_array(encrypt(write_archive(tmp_path / "a.npz", content)), "x")
    for method in (zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2):
        path = write_archive(tmp_path / "b.npz", content, method=method)
        with pytest.raises(ValueError, match="array 'x': it is compressed in a way that NumPy"):
            read_array(path, "x")
    path = write_archive(tmp_path / "c.npz", {"x": b"", "x.txt": b""})
    with pytest.raises(ValueError, match="no array 'x'"):
        read_array(path, "x")


def test_damaged_bytes_are_found_by_the_checksum(tmp_path):
    path = write_archive(tmp_path / "a.npz", {"x.npy": array_bytes(GOOD)}, method=0)
    content = bytearray(path.read_bytes())
    content[content.index(GOOD.tobytes())] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="array 'x': Bad CRC-32"):
        read_array(path, "x")
