import json
import shutil
from collections import Counter

import numpy as np
import pytest
import torch

import tgan
from tests.evaluation.test_measures import Shift
from tests.made.stand_ins import Rows, Videos
from tests.made.video_runs import train_tiny, write_noise
from tgan.data import datasets
from tgan.data.packed import clips as clips_module
from tgan.data.sampler import ClipSampler
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.evaluate import evaluate
from tgan.evaluation.runner import run_jobs
from tgan.runs.pretrained import save_pretrained
from tgan.training import tables

SMALL = {"samples": 12, "batch_size": 5, "progress": False}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    return train_tiny(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def run(run_dir):
    return tgan.load(run_dir, device="cpu")


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return write_noise(tmp_path_factory.mktemp("videos"))


def cells(clips):
    """Brightness, contrast and motion on a 4x4x4 grid by plain loops: (N, 192)."""
    grey = clips.astype(float).mean(-1) / 127.5 - 1
    frames, side = clips.shape[1] // 4, clips.shape[2] // 4
    rows = []
    for clip in grey:
        moves = np.concatenate([np.zeros_like(clip[:1]), abs(clip[1:] - clip[:-1])])
        row = []
        for t, y, x in np.ndindex(4, 4, 4):
            cell = tuple(
                slice(k * s, (k + 1) * s)
                for k, s in zip((t, y, x), (frames, side, side), strict=True)
            )
            row += [clip[cell].mean(), clip[cell].std(), moves[cell].mean()]
        rows.append(row)
    return np.array(rows)


def frechet(a, b):
    """By the eigenvalues of the product of both covariances."""
    (mean_a, cov_a), (mean_b, cov_b) = ((x.mean(0), np.cov(x.T)) for x in (a, b))
    roots = np.sqrt(np.linalg.eigvals(cov_a @ cov_b).real.clip(min=0))
    return np.square(mean_a - mean_b).sum() + np.trace(cov_a + cov_b) - 2 * roots.sum()


def test_the_frechet_distance_is_that_of_the_runs_samples_and_held_out_clips(run):
    scores = evaluate(run, metrics=["frechet_pooled192"], samples=200, progress=False)
    samples = run.sample(range(2_000_000, 2_000_200))
    # 50 videos with one clip each: every one of them comes four times.
    real = np.stack([run.held_out.clip(k, 0) for k in range(50)] * 4)
    expected = frechet(cells(samples), cells(real))
    assert scores["frechet_pooled192"].value == pytest.approx(expected, rel=1e-4)
    assert scores["frechet_pooled192"].protocol["data"] == {
        "kind": "held-out",
        "from": "moving_digits",
        "videos": 50,
    }


def test_a_run_and_its_path_give_the_same_numbers(run, run_dir):
    found = evaluate(run_dir, device="cpu", **SMALL)
    assert list(found) == [
        "frechet_pooled192_projected1",
        *("kid_pooled192", "diversity_pooled192", "diversity_pixels", "acd_color"),
    ]
    of_run = run.evaluate(**SMALL).to_dict()
    assert of_run.pop("run")["path"] == str(run.checkpoint.path)
    expected = found.to_dict()
    assert expected.pop("run")["manifest_sha256"] and of_run == expected


def test_weights_and_seed_change_the_samples(run_dir):
    def pixels(**arguments):
        found = evaluate(run_dir, metrics="diversity_pixels", **SMALL, **arguments)
        return found["diversity_pixels"]

    mean, own, other = pixels(), pixels(weights="generator"), pixels(seed=1)
    assert own.value != mean.value and own.real == mean.real != other.real
    assert other.protocol["seeds"] == {"first_sample": 4_000_000, "real_clips": 1}


def first_videos(source, count):
    """The videos that come first of a source whose videos have one clip each."""
    sampler = ClipSampler(len(source), batch_size=1, seed=0)
    return [int(sampler.batch(k)[0][0]) for k in range(count)]


def test_networks_of_ones_own_are_measured_over(run):
    mine = Rows()
    scores = evaluate(run, metrics=["kid_mine", "frechet_mine"], networks={"mine": mine}, **SMALL)
    assert scores["kid_mine"].protocol["network"] == Rows.protocol
    features = [
        mine(torch.from_numpy(clips).movedim(-1, 1).float() / 128 - 1).double().numpy()
        for clips in (
            run.sample(range(2_000_000, 2_000_012), batch_size=5),
            np.stack([run.held_out.clip(k, 0) for k in first_videos(run.held_out, 12)]),
        )
    ]
    # Samples come as floats, which bytes are rounded from.
    assert scores["frechet_mine"].value == pytest.approx(frechet(*features), rel=0.02)


def test_metrics_of_ones_own_stand_beside_the_others(run):
    metrics = ["diversity_pixels", ("shift_pixels", Shift())]
    scores = evaluate(run, metrics=metrics, controls=["real", "noise"], **SMALL)
    assert list(scores) == ["diversity_pixels", "shift_pixels"]
    # Features are pixels in [-1, 1] over the root of their number.
    samples = run.sample(range(2_000_000, 2_000_012), batch_size=5)
    real = [run.held_out.clip(k, 0) for k in first_videos(run.held_out, 12)]
    shift = (samples.mean() - np.mean(real)) / 128 / 16384**0.5
    assert scores["shift_pixels"].value == pytest.approx(shift, rel=0.01)
    values = {name: side["shift_pixels"].value for name, side in scores.controls.items()}
    assert (
        values["noise"] > abs(values["real"]) and scores["shift_pixels"].protocol["samples"] == 12
    )


def test_clips_of_ones_own_are_real_clips(run):
    theirs, mine = (
        evaluate(run, data=data, metrics=["diversity_pixels"], **SMALL)
        for data in ("held-out", run.held_out)
    )
    assert mine["diversity_pixels"].real == theirs["diversity_pixels"].real
    assert mine.settings["data"] == {"kind": "own", "from": "MovingDigits", "videos": 50}
    with pytest.raises(
        ValueError, match=r"Videos have the shape \(4, 8, 8, 1\); \(16, 32, 32, 1\)"
    ):
        evaluate(run, data=Videos(), **SMALL)


def test_arrays_become_clips(run):
    pytest.importorskip("tgan.data.own.source")
    clips = np.random.default_rng(0).integers(0, 256, (14, 18, 32, 32, 1), np.uint8)
    scores = evaluate(run, data=clips, metrics=["diversity_pixels"], **SMALL)
    assert scores.settings["data"]["videos"] == 14 and scores.settings["clips"]["frames"] == 16
    with pytest.raises(ValueError, match="uint8"):
        evaluate(run, data=clips / 255, **SMALL)


def test_without_a_run_controls_alone_are_measured(videos):
    with pytest.warns(UserWarning, match="12 real clips are drawn from 4 videos"):
        scores = evaluate(data=videos, resolution=32, metrics=["diversity_pixels"], **SMALL)
    assert not scores and list(scores.controls) == ["real", "shuffled", "frozen", "noise"]
    assert scores.settings["run"] is None and scores.settings["clips"]["channels"] == 3
    own = evaluate(data=Videos(), controls=["real"], metrics=["diversity_pixels"], **SMALL)
    assert own.settings["clips"] == {
        **{"frames": 4, "stride": None},
        **{"height": 8, "width": 8, "channels": 1},
    }


def test_controls_can_be_made_of_other_clips(videos, tmp_path):
    def kid(real, fake):
        arguments = {"controls": "real", "metrics": ["kid_pooled192"], "resolution": 32}
        found = evaluate(data=real, control_data=fake, **arguments, **SMALL)
        assert found.settings["control_data"]["from"] == str(fake)
        return found.controls["real"]["kid_pooled192"].value

    others = write_noise(tmp_path / "others", 3, first=9, high=99)
    assert kid(videos, others) == pytest.approx(kid(others, videos)) and kid(videos, others) > 0.3
    same = shutil.copytree(videos, tmp_path / "same")
    assert abs(kid(videos, same)) < 0.01


def test_training_clips_of_built_in_data_can_be_controls(run):
    arguments = {"controls": ["real"], "metrics": ["kid_pooled192"]}
    found = evaluate(run, control_data="train", **arguments, **SMALL)
    assert found.settings["control_data"]["kind"] == "train"
    with pytest.raises(ValueError, match="are the real clips themselves"):
        evaluate(run, control_data=run.held_out, data=run.held_out, **arguments, **SMALL)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory, labelled_videos):
    """Two conditional runs of the same videos, whose held-out clips are a copy of them."""
    place = tmp_path_factory.mktemp("conditional")
    held_out = shutil.copytree(labelled_videos, place / "held_out")
    data = {"name": "videos", "channels": 3, "path": str(labelled_videos)}
    data["held_out_path"] = str(held_out)
    return [
        train_tiny(place / name, seed=seed, conditional=True, **data)
        for seed, name in enumerate(("a", "b"))
    ]


def counted(monkeypatch, module, name, key):
    calls, function = Counter(), getattr(module, name)

    def count(*args, **kwargs):
        calls[key(*args, **kwargs)] += 1
        return function(*args, **kwargs)

    monkeypatch.setattr(module, name, count)
    return calls


def test_data_are_opened_once_and_tables_read_once(labelled, labelled_videos, monkeypatch):
    indices = counted(monkeypatch, clips_module, "read_index", lambda path: path.name)
    opened = counted(monkeypatch, datasets, "_open", lambda data, *, held_out: held_out)
    files = counted(monkeypatch, tables, "read_verified", lambda path, name, *_, **__: (path, name))
    scores = evaluate(
        labelled[0],
        against=labelled[1],
        metrics=["kid_pooled192", "diversity_pixels", "gam", "nearest"],
        controls=["real", "shuffled"],
        control_data="train",
        **SMALL,
    )
    assert {"kid_pooled192", "gam", "nearest"} <= set(scores) and len(scores.controls) == 2
    assert indices == {labelled_videos.name: 1, "held_out": 1}
    assert opened == {False: 1, True: 1}
    read = {(path.parent.parent.name, name) for path, name in files if "safetensors" in name}
    assert read == {(r, f"{n}.safetensors") for r in "ab" for n in ("average", "critic")}
    assert set(files.values()) == {1}


def test_data_that_runs_do_not_share_are_opened_once_each(labelled, monkeypatch, tmp_path):
    other = shutil.copytree(labelled[1].parent / "held_out", tmp_path / "other")
    data = {"name": "videos", "channels": 3, "path": str(other)}
    rival = train_tiny(tmp_path / "rival", conditional=True, **data)
    indices = counted(monkeypatch, clips_module, "read_index", lambda path: path.name)
    with pytest.warns(UserWarning, match="trained on different data"):
        evaluate(labelled[0], against=rival, **SMALL)
    assert indices == {"packed": 1, "held_out": 1, "other": 1}


def test_two_runs_swap_their_critics(labelled):
    found = evaluate(labelled[0], against=tgan.load(labelled[1]), **SMALL)
    swapped = evaluate(labelled[1], against=labelled[0], **SMALL)
    assert list(found) == ["gam"]
    gam, other = found["gam"].details, swapped["gam"].details
    assert gam["errors"] == other["errors"][::-1] and gam["critics"]["a"] == other["critics"]["b"]


@pytest.mark.parametrize("metric", ["nearest", "gam"])
def test_a_run_is_not_judged_by_its_training_clips(run, run_dir, metric):
    against = run_dir if metric == "gam" else None
    for data in ("train", run.data):
        with pytest.raises(ValueError, match="clips that the run was not trained on"):
            evaluate(run, against=against, metrics=[metric], data=data, **SMALL)


def test_a_conditional_run_is_judged_by_clips_of_its_own_classes(labelled):
    run = tgan.load(labelled[0])
    run.held_out.labels[:] = ["right", "down"]
    with pytest.raises(ValueError, match="down, right; those of the real clips are right, down"):
        evaluate(run, metrics=["nearest"], **SMALL)


def test_an_exported_generator_is_measured_by_clips_that_are_named(run, tmp_path, videos):
    save_pretrained(run.generator.to("cpu"), run.config, tmp_path / "export")
    arguments = {"data": run.held_out, "metrics": ["diversity_pixels"], **SMALL}
    exported, own = evaluate(tmp_path / "export", **arguments), evaluate(run, **arguments)
    assert exported["diversity_pixels"].details == own["diversity_pixels"].details
    about = exported.settings["run"]
    assert about["step"] is None and len(about["weights_sha256"]) == 64


def test_an_interrupted_evaluation_goes_on_bit_for_bit(run, tmp_path, monkeypatch):
    arguments = {"metrics": ["diversity_pixels"], "controls": ["real"], **SMALL}
    whole = evaluate(run, **arguments).to_dict()
    monkeypatch.setitem(run_jobs.__kwdefaults__, "seconds", 0)
    step, calls = Comparison.step, []

    def stops_once(self, number):
        calls.append(number)
        if len(calls) == 6:
            raise KeyboardInterrupt
        step(self, number)

    monkeypatch.setattr(Comparison, "step", stops_once)
    state = tmp_path / "state.npz"
    with pytest.raises(KeyboardInterrupt):
        evaluate(run, state=state, **arguments)
    with pytest.raises(ValueError, match=r"seeds.first_sample was 2000000 and is 8000000"):
        evaluate(run, state=state, seed=3, **arguments)
    assert evaluate(run, state=state, **arguments).to_dict() == whole
    assert calls == [0, 1, 2, 0, 1, 2, 2] and not state.exists()


def test_pictures_and_states_of_others_are_kept_unless_they_may_go(run, tmp_path):
    picture, state = tmp_path / "nearest.png", tmp_path / "state.npz"
    picture.write_text("precious")
    with pytest.raises(ValueError, match=r"nearest.png' is there already"):
        evaluate(run, metrics=["nearest"], picture=picture, **SMALL)
    assert picture.read_text() == "precious"
    evaluate(run, metrics=["nearest"], picture=picture, state=state, overwrite=True, **SMALL)
    assert picture.read_bytes().startswith(b"\x89PNG")
    # Where no picture is made, none is in the way.
    evaluate(run, metrics=["diversity_pixels"], picture=picture, **SMALL)


def test_a_bar_shows_unless_it_is_not_wanted(run, capsys):
    arguments = {**SMALL, "metrics": ["diversity_pixels"]}
    evaluate(run, **arguments)
    assert capsys.readouterr().err == ""
    evaluate(run, **arguments | {"progress": True})
    assert "3/3" in capsys.readouterr().err


def test_warnings_are_warned_of_and_kept(run):
    with pytest.warns(UserWarning, match="12 feature vectors of 192 dimensions") as record:
        scores = evaluate(run, metrics=["frechet_pooled192"], controls=["real"], **SMALL)
    assert scores.warnings == [str(warning.message) for warning in record]
    assert len(scores.warnings) == 1 and record[0].filename == __file__


def test_scores_are_saved_as_they_are(run, tmp_path):
    scores = evaluate(run, metrics=["diversity_pixels"], **SMALL)
    assert repr(scores).splitlines()[1].startswith("diversity_pixels")
    scores.save(tmp_path / "scores.json")
    assert json.loads((tmp_path / "scores.json").read_text()) == scores.to_dict()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run": "no/such/run"}, "no run or checkpoint at 'no/such/run'"),
        ({"metrics": ["frechet_poled192"]}, "did you mean 'frechet_pooled192'"),
        ({"metrics": ["nearset"]}, "did you mean 'nearest'"),
        ({"controls": ["blur"]}, "unknown control 'blur'"),
        ({"samples": 1}, "samples 1 is not a whole number from 2 to 1000000"),
        ({"batch_size": 2.5}, "batch_size 2.5 is not a whole number"),
        ({"metrics": ["gam"]}, "gam needs a second run, `against`"),
        ({"against": "other", "metrics": ["nearest"]}, "and only gam does"),
        ({"run": None}, "name a run, or real clips as `data`"),
        ({"run": None, "data": "x", "metrics": ["nearest"]}, "nearest needs a run"),
        ({"run": None, "data": Videos(), "stride": 2}, "stride is what your clips say"),
        ({"resolution": 32}, "resolution is what the run says"),
        ({"control_data": "train"}, "control_data is for controls"),
        ({"controls": ["real"], "metrics": ["nearest"]}, "controls need a metric over a network"),
        ({"networks": {"mine": Rows()}}, "network 'mine', which no metric asks for"),
        ({"weights": "generator"}, "was loaded with weights average"),
        ({"device": "meta"}, "was loaded with device cpu"),
        ({"data": "no/such/folder"}, "no/such/folder"),
        ({"state": "."}, "is a directory"),
    ],
)
def test_mistakes_are_said_in_the_words_of_python(run, monkeypatch, arguments, message):
    monkeypatch.setattr(Comparison, "step", None)
    with pytest.raises(ValueError) as error:
        evaluate(**{"run": run, **SMALL, **arguments})
    assert message in str(error.value) and "--" not in str(error.value)
