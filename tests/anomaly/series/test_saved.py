"""Detectors that are saved and loaded: the same scores, and one line for what is damaged."""

import json
import pickle
import struct
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from tgan.anomaly.series import saved
from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.detector import TadGANDetector
from tgan.anomaly.series.folder import SETTINGS, WEIGHTS
from tgan.anomaly.series.networks.tables import WINDOW_CRITICS
from tgan.anomaly.series.presets import PRESETS
from tgan.anomaly.series.saved import load_detector, save_detector
from tgan.anomaly.series.scoring.intervals import Threshold
from tgan.anomaly.series.scoring.settings import REFERENCES, ScoringSettings
from tgan.constraints import CONSTRAINTS

SMALL = replace(
    PRESETS["context"],
    window=62,
    hidden=20,
    latent_size=2,
    batch_size=4,
    n_critic=1,
    steps=2,
    encoder_settings={"units": 2},
    decoder_settings={"units": 2},
    window_critic_settings={"units": 2, "dropout": 0.0},
    latent_critic_settings={"units": 2, "dropout": 0.0},
)


def series(channels=2, seed=0):
    times = 1_000_000 + 300 * np.arange(150)
    values = (
        np.random.default_rng(seed).normal(size=(150, channels)) + np.sin(times / 9000)[:, None]
    )
    values[[3, 50], [0, -1]] = np.nan
    return Series(times, values, ("a", "ø")[:channels])


def fitted(channels=2, **changes):
    scoring = ScoringSettings(
        error="area",
        combination="product",
        smoothing=3,
        threshold=Threshold(padding=2, deviations=1.0),
    )
    settings = replace(SMALL, **changes)
    return TadGANDetector(settings, scoring=scoring, interval=600, seed=5).fit(series(channels))


@cache
def shared_detector():
    return fitted()


@pytest.fixture
def folder(tmp_path):
    save_detector(shared_detector(), tmp_path / "detector")
    return tmp_path / "detector"


def assert_same(one, other, channels=2):
    samples = series(channels, seed=1)
    for reference in REFERENCES:
        scored, again = (d.score(samples, reference=reference) for d in (one, other))
        for name in ("scores", "critic", "reconstruction"):
            np.testing.assert_array_equal(getattr(scored, name), getattr(again, name))
        np.testing.assert_array_equal(scored.series.values, again.series.values)
        found = one.detect(samples, reference=reference)
        assert other.detect(samples, reference=reference) == found


CASES = [
    *[(critic, "wgan_gp", "dense", 20) for critic in WINDOW_CRITICS],
    *[("dense", constraint, "dense", 20) for constraint in CONSTRAINTS],
    ("conv", "spectral_norm", "dense", 0),
    ("conv", "spectral_norm_conv", "lstm", 20),
    ("conv", "aol", "lstm", 0),
]


@pytest.mark.parametrize(("critic", "constraint", "network", "hidden"), CASES)
def test_what_is_loaded_gives_the_same_scores_bit_for_bit(
    critic, constraint, network, hidden, tmp_path
):
    detector = fitted(
        window_critic=critic,
        constraint=constraint,
        encoder=network,
        decoder=network,
        hidden=hidden,
        starts_from_components=network == "dense",
    )
    save_detector(detector, tmp_path / "new" / "detector")
    before = torch.get_rng_state()
    loaded = load_detector(tmp_path / "new" / "detector")
    assert torch.equal(before, torch.get_rng_state())
    assert_same(detector, loaded)


def test_everything_comes_back(folder):
    detector, loaded = shared_detector(), load_detector(folder)
    for name in ("settings", "scoring", "interval", "fill", "allow_constant", "seed", "device"):
        assert getattr(loaded, name) == getattr(detector, name), name
    for name in ("interval_", "lead_", "names_", "statistics_", "level_"):
        assert getattr(loaded, name) == getattr(detector, name), name
    for name, values in vars(detector.scaler_).items():
        np.testing.assert_array_equal(getattr(loaded.scaler_, name), values)
    assert not any(network.training for network in loaded.networks_.values())
    # It can be fitted anew, as the first one could.
    assert_same(loaded.fit(series()), detector)


def test_a_detector_of_before_fills_gaps_with_means_and_begins_at_the_first_sample(folder):
    path = folder / "detector.json"
    described = json.loads(path.read_text())
    assert described.pop("fill") == "linear" and described["fitted"].pop("lead") == 150
    path.write_text(json.dumps(described))
    loaded = load_detector(folder)
    assert loaded.fill == "mean" and loaded.lead_ == 0
    gap = series(seed=1)
    gap.values[40:44] = np.nan
    errors = [one.reconstruct(gap).errors for one in (shared_detector(), loaded)]
    differs = np.abs(errors[0] - errors[1]) > 1e-6
    assert differs[20:22].all()


def test_an_interval_that_the_series_set_is_that_of_the_next_series_again(tmp_path):
    detector = TadGANDetector(SMALL).fit(series())
    assert detector.interval_ == 300
    save_detector(detector, tmp_path / "detector")
    loaded = load_detector(tmp_path / "detector")
    assert loaded.interval is None and loaded.interval_ == 300
    slow = Series(series().timestamps * 2, series().values, series().names)
    assert loaded.fit(slow).interval_ == 600


def test_numbers_of_numpy_are_saved_as_any(tmp_path):
    scoring = ScoringSettings(smoothing=np.int64(2), threshold=Threshold(drop=np.float64(0.1)))
    detector = TadGANDetector(
        SMALL, scoring=scoring, interval=np.int64(600), seed=np.int64(3), steps=1
    ).fit(series())
    save_detector(detector, tmp_path / "detector")
    assert_same(detector, load_detector(tmp_path / "detector"))


def test_nothing_is_pickled(tmp_path, monkeypatch):
    for name in ("dump", "dumps", "Pickler", "load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, lambda *_, **__: pytest.fail("pickled"))
    for name in ("save", "load"):
        monkeypatch.setattr(torch, name, lambda *_, **__: pytest.fail("pickled"))
    save_detector(shared_detector(), tmp_path / "detector")
    load_detector(tmp_path / "detector")
    assert sorted(p.name for p in (tmp_path / "detector").iterdir()) == [SETTINGS, WEIGHTS]
    json.loads((tmp_path / "detector" / SETTINGS).read_text())
    weights = (tmp_path / "detector" / WEIGHTS).read_bytes()
    (length,) = struct.unpack("<Q", weights[:8])
    table = json.loads(weights[8 : 8 + length])
    assert {name.split(".")[0] for name in table} - {"__metadata__"} == set(
        shared_detector().networks_
    )


def test_a_detector_that_was_not_fitted_is_not_saved(tmp_path):
    with pytest.raises(ValueError, match="has to be fitted before it is saved"):
        save_detector(TadGANDetector(), tmp_path / "detector")
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(ValueError, match="is not empty"):
        save_detector(shared_detector(), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    other = folder.parent / "other"
    other.mkdir()
    (other / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="is not empty"):
        save_detector(shared_detector(), other)
    assert [path.read_text() for path in other.iterdir()] == ["mine"]
    (other / "notes.txt").unlink()
    save_detector(shared_detector(), other)
    assert_same(load_detector(other), shared_detector())


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError])
def test_an_interrupted_save_leaves_nothing(stop, tmp_path, monkeypatch):
    def half(tensors, path):
        path.write_bytes(b"half")
        raise stop

    monkeypatch.setattr(saved, "save_file", half)
    with pytest.raises(stop):
        save_detector(shared_detector(), tmp_path / "detector")
    assert not list(tmp_path.iterdir())


def refused(folder, message):
    with pytest.raises(ValueError, match=message) as told:
        load_detector(folder)
    assert "\n" not in str(told.value) and str(folder) in str(told.value)


@pytest.mark.parametrize("name", [SETTINGS, WEIGHTS])
def test_a_file_that_is_missing(name, folder):
    (folder / name).unlink()
    refused(folder, f"has no {name}: not a folder of a detector")
    refused(folder / "nowhere", "has no")


@pytest.mark.parametrize("keep", [0, 1, 40, -1])
@pytest.mark.parametrize("name", [SETTINGS, WEIGHTS])
def test_a_file_that_was_cut_off(name, keep, folder):
    path = folder / name
    content = path.read_bytes().rstrip()
    path.write_bytes(content[:keep])
    refused(folder, "is not a detector that can be read")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[]", b"3", b"null", b"[" * 100_000])
def test_settings_of_another_kind(content, folder):
    (folder / SETTINGS).write_bytes(content)
    refused(folder, "is not a detector that can be read")


NAN = float("nan")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["version"], 2, "its version is 2, and this program reads 1"),
        (["version"], None, "its version is None"),
        (["version"], ..., "has no 'version'"),
        (["settings"], ..., "has no 'settings'"),
        (["settings"], [1], "can be read"),
        (["settings", "window"], 0, "window 0 of a TadGAN"),
        (["settings", "windw"], 1, "unexpected keyword argument 'windw'"),
        (["settings", "latent_critic"], "mpl", "unknown latent critic 'mpl'"),
        (["settings", "encoder"], ["dense"], "can be read"),
        (["settings", "learning_rate"], "fast", "can be read"),
        (["settings", "encoder_settings"], {"units": "many"}, "can be read"),
        (["settings", "encoder_settings"], {"units": 10**15}, "can be read"),
        (["settings", "encoder_settings"], {"units": 3}, "encoder does not fit"),
        (["settings", "encoder_settings"], {"units": 10**6}, "encoder does not fit"),
        (["settings", "latent_critic_settings"], {"units": 10**9}, "latent_critic needs .* bytes"),
        (["settings", "window"], 10**12, "a window of 10{12} steps takes .* of memory"),
        (["settings", "channels"], 1, "names .* of 1 channels"),
        (["scoring", "error"], "dwt", "unknown error 'dwt'"),
        (["scoring", "threshold"], ..., "has no 'threshold'"),
        (["scoring", "threshold", "window"], 7, "window 7 is not in"),
        (["scoring"], None, "can be read"),
        (["seed"], "x", "seed x of a detector"),
        (["interval"], 0, "an interval of 0 seconds"),
        (["fitted"], ..., "has no 'fitted'"),
        (["fitted", "interval"], 0, "an interval of 0 seconds"),
        (["fitted", "interval"], 1.5, "lead 150 of segments of 1.5 seconds"),
        (["fitted", "interval"], "1", "an interval of 1 seconds is no number"),
        (["fitted", "lead"], -1, "lead -1 of segments of 600 seconds"),
        (["fill"], "liner", "unknown fill 'liner'"),
        (["fitted", "names"], ["a"], "names .* of 2 channels"),
        (["fitted", "names"], "ab", "its names are no list"),
        (["fitted", "names"], [1, 2], "names .* of 2 channels"),
        (["fitted", "scaler"], [], "can be read"),
        (["fitted", "scaler", "means"], [1.0], "means .* is not 2 finite numbers"),
        (["fitted", "scaler", "means"], [1.0, "x"], "means .* is not 2 finite numbers"),
        (["fitted", "scaler", "means"], [1.0, NAN], "means .* is not 2 finite numbers"),
        (["fitted", "scaler", "means"], [[1.0], [1.0, 2.0]], "can be read"),
        (["fitted", "scaler", "maxima"], ..., "missing 1 required .* 'maxima'"),
        (["fitted", "reference", "smoothing"], 0, "a smoothing window of 0"),
        (["fitted", "reference", "smoothing"], 1.5, "a smoothing window of 1.5"),
        (["fitted", "reference", "smoothing"], ..., "has no 'smoothing'"),
        (["fitted", "reference", "error_mean"], NAN, "error_mean NaN is not a finite number"),
        (["fitted", "reference", "error_mean"], ..., "missing 1 required .* 'error_mean'"),
        (["fitted", "level"], None, "level null is not a finite number"),
        (["fitted", "level"], [1.0], "level .* is not a finite number"),
    ],
)
def test_settings_that_were_changed(place, value, message, folder):
    described = json.loads((folder / SETTINGS).read_text())
    inner = described
    for name in place[:-1]:
        inner = inner[name]
    if value is ...:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    (folder / SETTINGS).write_text(json.dumps(described))
    refused(folder, message)


def without(tensors, name):
    del tensors[name]


def reshaped(tensors, name):
    tensors[name] = torch.zeros(1, 7)


def added(tensors, name):
    tensors["fifth.weight"] = torch.zeros(1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without, "decoder does not fit .*'path.linear.weight' is missing there"),
        (reshaped, r"decoder does not fit .*is \(1, 7\) there"),
        (added, "has 'fifth.weight', which belongs to no network"),
    ],
)
def test_weights_that_were_changed(change, message, folder):
    tensors = load_file(folder / WEIGHTS)
    change(tensors, "decoder.path.linear.weight")
    save_file(tensors, folder / WEIGHTS)
    refused(folder, message)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("gpu", "unknown device 'gpu'; choose cpu, cuda, cuda:1, mps, ..."),
        ("meta", "device 'meta' cannot be used: "),
        ("cuda:99", "device 'cuda:99' cannot be used: "),
    ],
)
def test_a_device_that_is_not_there(device, message, folder):
    """The folder is not to blame, nor is it read; a new detector says the same."""
    for make in (TadGANDetector, partial(load_detector, folder)):
        with pytest.raises(ValueError, match=message) as told:
            make(device=device)
        assert str(told.value).startswith(message) and "\n" not in str(told.value)


def test_networks_that_a_device_has_no_room_for_are_no_fault_of_the_folder(folder, monkeypatch):
    def full(self, device):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.nn.Module, "to", full)
    with pytest.raises(torch.OutOfMemoryError):
        load_detector(folder)


def test_names_come_back_in_their_order(tmp_path):
    """Channels are told apart by place: names that are not sorted stay with theirs."""
    samples = Series(series().timestamps, series().values, ("b", "a"))
    detector = TadGANDetector(SMALL, steps=1).fit(samples)
    save_detector(detector, tmp_path / "detector")
    loaded = load_detector(tmp_path / "detector")
    assert loaded.names_ == ("b", "a")
    np.testing.assert_array_equal(loaded.score(samples).scores, detector.score(samples).scores)
    with pytest.raises(ValueError, match="a series of a, b; fitted on b, a"):
        loaded.score(Series(samples.timestamps, samples.values, ("a", "b")))
