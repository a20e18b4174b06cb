"""NumPy archives of strangers, changed at random: read with the content they had, or one line."""

import signal

import numpy as np
import pytest

from tests.made.archives import array_bytes, encrypt, write_archive
from tests.made.audit import audited, outside
from tests.made.mutations import cut, flip, flip_header, lengthen, pick, replace_by_noise
from tests.runs.test_fuzzed_runs import SECONDS, bounded
from tests.system.test_archives import HEADERS
from tgan.data.pictures.images import open_images
from tgan.data.videos.sources import find_sources

# In `make test`, and in `make test-slow`.
QUICK, ARCHIVES = 20, 600
LENGTH, SIDE = 3, 8
CHANGES = [flip, flip, flip, flip_header, cut, lengthen, replace_by_noise]


def videos_of(path, labels_key):
    """The frames and class of every video of a file, or the reason why it cannot be read."""
    scan = find_sources([path], labels="npz" if labels_key else None, labels_key=labels_key)
    found = [
        (source.label, np.stack([frame.to_ndarray() for frame in source.read().frames]))
        for source in scan.sources
    ]
    # What cannot be used has been told in one line each.
    assert all(len(reason.splitlines()) == 1 for _, reason in scan.skipped)
    return found


def pictures_of(path, labels_key):
    found = open_images(path, resolution=SIDE, channels=3, labels_key=labels_key)
    return [(found.labels[found.label(n)], found.clip(n)) for n in range(len(found))]


def fuzz(tmp_path, numbers):
    counts = {"equal": 0, "refused": 0}
    for number in numbers:
        rng = np.random.default_rng([17, number])
        shape = {"video": (2, LENGTH, SIDE, SIDE, 3), "images": (2, SIDE, SIDE, 3)}
        arrays = {name: rng.integers(0, 256, size, np.uint8) for name, size in shape.items()}
        arrays["kind"] = np.array(["on", "off"])
        members = {f"{name}.npy": array_bytes(array) for name, array in arrays.items()}
        is_forged = rng.integers(4) == 0
        if is_forged:
            name = pick(rng, list(members))
            members[name] = HEADERS[pick(rng, list(HEADERS))] + rng.bytes(24)
        method = int(pick(rng, [0, 8]))
        path = write_archive(tmp_path / f"{number}.npz", members, method=method)
        if rng.integers(10) == 0:
            encrypt(path)
        elif not is_forged:
            pick(rng, CHANGES)(rng, path)
        for read, name in ((videos_of, "video"), (pictures_of, "images")):
            for key in ("kind", None) if read is videos_of else ("kind",):
                signal.alarm(SECONDS)
                with audited() as found:
                    try:
                        result = read(path, key)
                    except ValueError as error:
                        assert len(str(error).splitlines()) == 1, f"case {number}: {error}"
                        result = None
                assert not outside(found, path), f"case {number}"
                counts["refused" if result is None else "equal"] += 1
                if result is not None:
                    pixels = np.stack([each for _, each in result]).reshape(arrays[name].shape)
                    np.testing.assert_array_equal(pixels, arrays[name], f"case {number}")
                    labels = [label for label, _ in result]
                    assert labels == (["on", "off"] if key else [None, None]), f"case {number}"
        path.unlink()
    return counts


def test_some_fuzzed_archives(tmp_path):
    with bounded():
        counts = fuzz(tmp_path, range(QUICK))
    assert sum(counts.values()) == 3 * QUICK and min(counts.values()) > 0


@pytest.mark.slow
def test_fuzzed_archives(tmp_path):
    with bounded():
        counts = fuzz(tmp_path, range(ARCHIVES))
    print(f"archives, three readings of each: {counts}")
    assert sum(counts.values()) == 3 * ARCHIVES and min(counts.values()) > 100
