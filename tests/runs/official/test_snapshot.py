import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.made.official_reference import official_reference
from tgan.models import Deconv3dGenerator, VideoCritic, VideoGenerator
from tgan.runs.official import (
    load_official,
    official_iterations,
    read_official,
    save_official,
)

SIZES = {"z_slow": 5, "z_fast": 3, "width": 32, "critic": 2, "channels": 1}


def norm(width, *, beta=False):
    names = ["gamma", "avg_mean", "avg_var", *(["beta"] if beta else [])]
    return dict.fromkeys(names, (width,)) | {"N": ()}


def authors_shapes(*, z_slow, z_fast, width, critic, channels, temporal=512):
    """Every array of theirs with its shape, written down from the authors' model files.

    Only their `temporal` is always 512.
    """
    half, quarter = temporal // 2, temporal // 4
    gen = {
        "dc0": {"W": (z_slow, temporal, 1), "b": (temporal,)},
        "dc1": {"W": (temporal, half, 4), "b": (half,)},
        "dc2": {"W": (half, quarter, 4), "b": (quarter,)},
        "dc3": {"W": (quarter, quarter, 4), "b": (quarter,)},
        "dc4": {"W": (quarter, z_fast, 4), "b": (z_fast,)},
        "bn0": norm(temporal),
        "bn1": norm(half),
        "bn2": norm(quarter),
        "bn3": norm(quarter),
    }
    units = 4 * 4 * width // 2
    vgen = {
        "l0s": {"W": (units, z_slow)},
        "l0f": {"W": (units, z_fast)},
        "bn0s": norm(units, beta=True),
        "bn0f": norm(units, beta=True),
        "dc1": {"W": (width, width // 2, 4, 4)},
        "dc2": {"W": (width // 2, width // 4, 4, 4)},
        "dc3": {"W": (width // 4, width // 8, 4, 4)},
        "dc4": {"W": (width // 8, width // 16, 4, 4)},
        "dc5": {"W": (width // 16, channels, 3, 3), "b": (channels,)},
        "bn1": norm(width // 2, beta=True),
        "bn2": norm(width // 4, beta=True),
        "bn3": norm(width // 8, beta=True),
        "bn4": norm(width // 16, beta=True),
    }
    vdis = {
        "c0": {"W": (critic, channels, 4, 4, 4), "b": (critic,)},
        "c1": {"W": (critic * 2, critic, 4, 4, 4), "b": (critic * 2,)},
        "c2": {"W": (critic * 4, critic * 2, 4, 4, 4), "b": (critic * 4,)},
        "c3": {"W": (critic * 8, critic * 4, 4, 4, 4), "b": (critic * 8,)},
        "c4": {"W": (1, critic * 8, 4, 4), "b": (1,)},
        "bn0": norm(critic),
        "bn1": norm(critic * 2),
        "bn2": norm(critic * 4),
        "bn3": norm(critic * 8),
    }
    return {
        file: {
            f"{link}/{name}": shape
            for link, arrays in links.items()
            for name, shape in arrays.items()
        }
        for file, links in {"gen": gen, "vgen": vgen, "vdis": vdis}.items()
    }


def write(directory, snapshot, iteration=3):
    directory.mkdir(exist_ok=True)
    for file, arrays in snapshot.items():
        np.savez(directory / f"{file}_iter_{iteration}.npz", **arrays)
    return directory


def stored(directory, iteration=3):
    """Every array of a snapshot: file and name, then dtype, shape and bytes."""
    found = {}
    for file in ("gen", "vgen", "vdis"):
        with np.load(directory / f"{file}_iter_{iteration}.npz") as archive:
            found |= {
                (file, name): (a.dtype.str, a.shape, a.tobytes()) for name, a in archive.items()
            }
    return found


@pytest.fixture
def snapshot():
    """A small one."""
    return random_snapshot(np.float32, temporal=8)


def random_snapshot(dtype, **sizes):
    """All arrays of a snapshot, filled with numbers of their own, unused ones and counters too."""
    rng = np.random.default_rng(0)
    return {
        file: {
            name: np.array(rng.integers(9)) if shape == () else rng.random(shape).astype(dtype)
            for name, shape in shapes.items()
        }
        for file, shapes in authors_shapes(**SIZES | sizes).items()
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_was_read_is_written_back_bit_for_bit(tmp_path, dtype):
    directory = write(tmp_path / "theirs", random_snapshot(dtype))
    snapshot = read_official(directory, 3)
    networks = snapshot.networks()
    assert {t.dtype for n in networks for t in n.state_dict().values()} == {
        torch.from_numpy(np.zeros(0, dtype)).dtype
    }
    save_official(tmp_path / "ours", 3, *networks, unused=snapshot.unused)
    assert stored(tmp_path / "ours") == stored(directory)
    assert snapshot.unused["vdis"].keys() == {
        *(f"bn{i}/N" for i in range(4)),
        *(f"bn0/{name}" for name in ("gamma", "avg_mean", "avg_var")),
    }


def test_official_snapshots_are_written_back_bit_for_bit(tmp_path):
    reference = official_reference()
    for directory in (reference, reference / "trace_float64"):
        for iteration in official_iterations(directory):
            snapshot = read_official(directory, iteration)
            out = tmp_path / directory.name
            save_official(out, iteration, *snapshot.networks(), unused=snapshot.unused)
            assert stored(out, iteration) == stored(directory, iteration)


def test_new_networks_are_saved_as_the_authors_would(tmp_path):
    generator = VideoGenerator(z_slow=5, z_fast=3, width=32, channels=1).double()
    critic = VideoCritic(width=2, channels=1).double()
    save_official(tmp_path, 0, generator, critic)
    shapes = {
        file: {name: archive[name].shape for name in archive.files}
        for file in ("gen", "vgen", "vdis")
        for archive in [np.load(tmp_path / f"{file}_iter_0.npz")]
    }
    assert shapes == authors_shapes(**SIZES)
    theirs = read_official(tmp_path).arrays["vdis"]
    assert [theirs[f"bn0/{name}"].tolist() for name in ("gamma", "avg_mean", "avg_var")] == [
        [1, 1],
        [0, 0],
        [1, 1],
    ]
    for ours, loaded in zip((generator, critic), load_official(tmp_path, iteration=0), strict=True):
        assert all(torch.equal(loaded.state_dict()[k], v) for k, v in ours.state_dict().items())
        assert all(p.requires_grad for p in loaded.parameters()) and loaded.training


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize(
    ("frames", "resolution"), [(16, 32), (32, 64), (16, 128)], ids=["32px", "32frames", "128px"]
)
def test_other_sizes_and_shifts_are_found_in_the_arrays(tmp_path, frames, resolution, shift):
    sizes = {"num_frames": frames, "resolution": resolution, "channels": 3}
    generator = {"z_slow": 4, "z_fast": 6, "temporal_width": 8, "width": 64}
    generator |= {"temporal_shift": shift, "image_shift": not shift}
    networks = (
        VideoGenerator(**generator, **sizes),
        VideoCritic(**sizes, width=3, shift=shift),
    )
    save_official(tmp_path, 1, *networks)
    snapshot = read_official(tmp_path)
    assert snapshot.architecture == (sizes, generator, {"width": 3, "shift": shift})
    latents = torch.rand(2, 4)
    for network in (*networks, *(loaded := snapshot.networks())):
        network.eval()
    videos = [generator(latents) for generator in (networks[0], loaded[0])]
    assert torch.equal(*videos)
    assert torch.equal(networks[1](videos[0]), loaded[1](videos[0]))


def test_loading_draws_no_random_numbers(tmp_path, snapshot):
    write(tmp_path, snapshot)
    before = torch.get_rng_state()
    load_official(tmp_path)
    assert torch.equal(torch.get_rng_state(), before)


def test_the_newest_whole_snapshot_is_taken(tmp_path, snapshot):
    for iteration in (5, 40, 300):
        write(tmp_path, snapshot, iteration)
    (tmp_path / "vgen_iter_300.npz").unlink()
    (tmp_path / "snapshot_iter_900.npz").touch()
    assert official_iterations(tmp_path) == [5, 40]
    assert read_official(tmp_path).iteration == 40
    assert read_official(tmp_path, 5).iteration == 5
    with pytest.raises(ValueError, match="no snapshot of iteration 900 in .*; there are 5, 40"):
        read_official(tmp_path, 900)
    with pytest.raises(ValueError, match="vgen_iter_300.npz' is missing"):
        read_official(tmp_path, 300)


ARRAYS = [(file, name) for file, names in authors_shapes(**SIZES).items() for name in names]


def damage(array, how):
    return {
        "shorter": lambda: array[:-1] if array.ndim else array[None],
        "flat": lambda: array.reshape(1, -1),
        "double": lambda: array.astype(np.float64),
        "text": lambda: array.astype(str),
        "objects": lambda: array.astype(object),
    }[how]()


@pytest.mark.parametrize("how", ["shorter", "flat", "double", "text", "objects"])
@pytest.mark.parametrize(("file", "name"), ARRAYS[::4], ids=lambda v: v)
def test_a_misshapen_array_is_named(tmp_path, snapshot, file, name, how):
    snapshot[file][name] = damage(snapshot[file][name], how)
    check_refusal(write(tmp_path, snapshot), file, name)


@pytest.mark.parametrize(("file", "name"), ARRAYS, ids=lambda v: v)
def test_a_missing_array_is_named(tmp_path, snapshot, file, name):
    del snapshot[file][name]
    check_refusal(write(tmp_path, snapshot), file, name)


@pytest.mark.parametrize("file", ["gen", "vgen", "vdis"])
@pytest.mark.parametrize("name", ["dc9/W", "c6/b", "bn7/gamma", "bn1/delta", "extra"])
def test_an_array_too_many_is_named(tmp_path, snapshot, file, name):
    snapshot[file][name] = np.zeros(2, np.float32)
    check_refusal(write(tmp_path, snapshot), file, name)


def check_refusal(directory, file, name):
    with pytest.raises(ValueError, match=f"'{name}'") as error:
        read_official(directory)
    assert f"{file}_iter_3.npz" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("file", ["gen", "vgen", "vdis"])
@pytest.mark.parametrize("how", ["text", "empty", "folder", "cut", "flip", "npy", "member"])
def test_a_damaged_file_is_named(tmp_path, snapshot, file, how):
    path = write(tmp_path, snapshot) / f"{file}_iter_3.npz"
    data = path.read_bytes()
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how == "npy":
        np.save(path.with_suffix(".npy"), np.zeros(3))
        path.with_suffix(".npy").rename(path)
    elif how == "member":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("dc0/W.npy", b"no array")
    else:
        flipped = bytearray(data)
        flipped[len(data) // 3] ^= 255
        path.write_bytes({"text": b"hello", "empty": b"", "cut": data[:-90], "flip": flipped}[how])
    with pytest.raises(ValueError, match=f"{file}_iter_3.npz") as error:
        read_official(tmp_path)
    assert "\n" not in str(error.value)


def test_sizes_that_our_networks_do_not_have_are_refused(tmp_path):
    write(tmp_path, random_snapshot(np.float32, width=24))
    with pytest.raises(ValueError, match=r"image generator width 24 is not a multiple of 16"):
        read_official(tmp_path)


def networks(**settings):
    critic = {"batch_norm": settings.pop("batch_norm", True)}
    shared = {"num_labels": settings.pop("num_labels", 0), "resolution": 32}
    generator = {"z_slow": 4, "z_fast": 4, "temporal_width": 8, "width": 8} | settings
    return VideoGenerator(**generator, **shared), VideoCritic(**critic, **shared, width=2)


def pruned_critic():
    generator, critic = networks()
    critic.last = torch.nn.utils.parametrizations.orthogonal(critic.last)
    return generator, critic


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: networks(batch_norm=False), "'bn1/gamma' of .*is missing"),
        (lambda: networks(slow_in_image=False), "'l0s/W' of .* is missing"),
        (lambda: networks(num_labels=3), "the authors' networks have no 'label.weight'"),
        (lambda: (networks()[0], networks(num_labels=3)[1]), "channels is 3 by 'dc4/W' .* 6 by"),
        (lambda: (networks()[0], networks()[1].double()), "float64 among arrays of float32"),
        (lambda: (networks()[0].bfloat16(), networks()[1]), "bfloat16, not float32 or float64"),
        (
            lambda: (Deconv3dGenerator(width=8), networks()[1]),
            "not Deconv3dGenerator and VideoCritic",
        ),
        (pruned_critic, "the authors' networks have no 'last.parametrizations"),
    ],
    ids=["no norm", "no slow", "classes", "classes of one", "dtypes", "bf16", "kind", "weights"],
)
def test_networks_that_are_not_the_authors_are_not_saved(tmp_path, snapshot, make, message):
    before = write(tmp_path / "there", snapshot)
    contents = stored(before)
    with pytest.raises(ValueError, match=message):
        save_official(before, 3, *make())
    assert stored(before) == contents and len(list(before.iterdir())) == 3


@pytest.mark.parametrize(
    ("file", "name", "message"),
    [
        ("vdis", "c0/b", "'c0/b' of .* is the network's, not unused"),
        ("vdis", "bn9/N", "'bn9/N' of .* belongs to no layer"),
        ("vdis", "bn0/gamma", r"'bn0/gamma' of .* has shape \(5,\), not \(2,\)"),
    ],
)
def test_unused_arrays_have_to_fit(tmp_path, file, name, message):
    with pytest.raises(ValueError, match=message):
        save_official(tmp_path, 3, *networks(), unused={file: {name: np.zeros(5, np.float32)}})
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_what_was_there(tmp_path, snapshot, monkeypatch):
    write(tmp_path, snapshot)
    before, save = stored(tmp_path), np.savez_compressed

    def save_until_full(path, **arrays):
        if "vdis" in Path(path).name:
            raise OSError(28, "No space left on device")
        save(path, **arrays)

    monkeypatch.setattr(np, "savez_compressed", save_until_full)
    with pytest.raises(OSError, match="No space"):
        save_official(tmp_path, 3, *networks())
    assert stored(tmp_path) == before and len(list(tmp_path.iterdir())) == 3
