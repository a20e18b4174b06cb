import copy
import dataclasses
import json
import shutil
import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from tests.conftest import make_tiny_config
from tests.made.checkpoints import date_back
from tgan.config import Config, CriticConfig, DataConfig, GeneratorConfig, TrainConfig
from tgan.data.pixels import normalise, to_bytes
from tgan.data.subset import Subset
from tgan.models.conditions import grey
from tgan.runs.build import build_critic, build_generator
from tgan.runs.pretrained import save_pretrained
from tgan.runs.train import train
from tgan.runs.trained import load
from tgan.sampling.decoding import sample_videos, seed_latents
from tgan.sampling.latents import combine, decode, lerp, slow_motion, walk
from tgan.training import tables
from tgan.training.checkpoint import find_checkpoint
from tgan.training.state import load_network


def make_image_config(path, **settings):
    """Images of 16x16 in a folder per class."""
    config = make_tiny_config()
    return dataclasses.replace(
        config,
        data=DataConfig(name="images", path=str(path), resolution=16, num_frames=1, channels=1),
        generator=GeneratorConfig(name="dcgan", z_slow=8, width=16, image_init="he_normal"),
        critic=CriticConfig(width=4),
        train=TrainConfig(steps=2, batch_size=4),
        **settings,
    )


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """A run of moving digits with a running mean, of four steps and two checkpoints."""
    config = make_tiny_config()
    config.train.ema_decay, config.generator.image_init = 0.5, "he_normal"
    config.log.distance_clips, config.log.critic_every = 4, 2
    return train(config, run_dir=tmp_path_factory.mktemp("run")).path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Three pictures of class a, and two of b."""
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, count in (("a", 3), ("b", 2)):
        (folder / name).mkdir()
        for number in range(count):
            pixels = rng.integers(0, 256, (16, 16), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def class_dir(pictures, tmp_path_factory):
    config = make_image_config(pictures, conditional=True)
    return train(config, run_dir=tmp_path_factory.mktemp("classes")).path


@pytest.fixture(scope="module")
def translator_dir(tmp_path_factory):
    config = make_image_config(None)
    config.data = DataConfig(name="digits", resolution=16, num_frames=1, channels=1, input="grey")
    config.generator = GeneratorConfig(name="translator", z_slow=8, width=16)
    return train(config, run_dir=tmp_path_factory.mktemp("translator")).path


@pytest.fixture
def copied(run_dir, tmp_path):
    """A copy of the run that may be damaged."""
    return shutil.copytree(run_dir, tmp_path / "copied")


@pytest.fixture
def reads(monkeypatch):
    """Names of the files of checkpoints that are read, in order."""
    names, original = [], tables.read_verified

    def note(path, name, digests, **limits):
        names.append(name)
        return original(path, name, digests, **limits)

    monkeypatch.setattr(tables, "read_verified", note)
    return names


def generator_of(run_dir, table="generator"):
    """The generator as it is put together by hand, in inference mode."""
    checkpoint = find_checkpoint(run_dir)
    config = load(run_dir, device="cpu").config
    tensors = checkpoint.tensors[table]
    if table == "average":
        tensors = {k.removeprefix("module."): v for k, v in tensors.items() if k != "n_averaged"}
    generator = build_generator(config, checkpoint.classes)
    load_network(generator, tensors, name=table)
    return generator.eval()


def videos_of(generator, latents, *condition):
    with torch.no_grad():
        return to_bytes(generator(latents, *condition)).numpy()


def test_a_run_says_what_it_is(run_dir):
    run = load(run_dir, device="cpu")
    assert run.path == run_dir and run.step == 4 and run.classes == []
    assert run.checkpoint.path == run_dir / "checkpoints" / "step_00000004"
    assert (run.weights, run.device) == ("average", "cpu")
    assert isinstance(run.config, Config) and run.config.train.ema_decay == 0.5
    assert repr(run) == (
        f"TrainedRun('{run_dir}', step 4, tgan generator (average), clips 16x32x32x1)"
    )


def test_a_checkpoint_is_loaded_by_its_path(run_dir):
    path = run_dir / "checkpoints" / "step_00000002"
    run = load(str(path), weights="generator", device="cpu")
    assert run.step == 2 and run.path == path and "step 2, tgan generator (generator)" in repr(run)
    expected = next(sample_videos(generator_of(path), [3], size=8))
    np.testing.assert_array_equal(run.sample([3])[0], expected)
    assert not np.array_equal(
        load(run_dir, weights="generator", device="cpu").sample([3])[0], expected
    )


@pytest.mark.parametrize(
    ("weights", "table"),
    [("auto", "average"), ("average", "average"), ("generator", "generator")],
)
def test_weights_are_the_running_mean_unless_asked(run_dir, weights, table):
    run = load(run_dir, weights=weights, device="cpu")
    assert run.weights == table and not run.generator.training
    found, expected = run.generator.state_dict(), generator_of(run_dir, table).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in expected)
    other = {"average": "generator", "generator": "average"}[table]
    weight = generator_of(run_dir, other).image.slow.weight
    assert not torch.equal(run.generator.image.slow.weight, weight)


def test_weights_that_are_not_there_are_named(class_dir):
    for weights in ("average", "averge"):
        with warnings.catch_warnings(), pytest.raises(ValueError) as error:
            # They are no damage.
            warnings.simplefilter("error")
            load(class_dir, weights=weights, device="cpu")
        assert f"unknown weights '{weights}'" in str(error.value)
        assert str(error.value).endswith("choose from auto, generator")


def test_samples_are_those_of_the_functions_below(run_dir):
    run, generator = load(run_dir, device="cpu"), generator_of(run_dir, "average")
    seeds = [3, 7, 5]
    z, terms = seed_latents(seeds, 8), [(1, [3, 5, 8]), (-1, [1, 2]), (1, [4])]
    samples = run.sample(seeds)
    assert samples.dtype == np.uint8 and samples.shape == (3, 16, 32, 32, 1)
    np.testing.assert_array_equal(samples, list(sample_videos(generator, seeds, size=8)))
    np.testing.assert_array_equal(run.sample(iter(seeds)), samples)
    slow = run.slow_motion(seeds, 3)
    assert slow.shape == (3, 46, 32, 32, 1)
    np.testing.assert_array_equal(slow, list(decode(generator, z, factor=3)))
    with torch.no_grad():
        frames = to_bytes(slow_motion(generator, z, 3)).numpy()
    assert np.abs(slow.astype(int) - frames).max() <= 1
    for path in ("slerp", "lerp"):
        latents = torch.cat([walk(a, b, 4, kind=path) for a, b in (z[:2], z[1:])])
        found = run.walk(seeds, 4, path=path)
        assert found.shape == (8, 16, 32, 32, 1)
        np.testing.assert_array_equal(found, list(decode(generator, latents)))
    np.testing.assert_array_equal(run.walk(seeds, 4), run.walk(seeds, 4, path="slerp"))
    middle = lerp(z[0], z[1], torch.tensor([0.5]))
    found = run.walk([3, 7], steps=3, path="lerp")[1]
    assert np.abs(found.astype(int) - videos_of(generator, middle)[0]).max() <= 1
    groups = [(sign, seed_latents(seeds, 8)) for sign, seeds in terms]
    latents = torch.stack([*(group.mean(0) for _, group in groups), combine(groups)])
    np.testing.assert_array_equal(run.arithmetic(terms), list(decode(generator, latents)))


def test_batches_of_samples_change_pixels_by_one_at_most(run_dir):
    run = load(run_dir, device="cpu")
    whole, parts = run.sample(range(5)), run.sample(range(5), batch_size=2)
    assert np.abs(whole.astype(int) - parts).max() <= 1


def test_a_table_is_read_when_it_is_needed_and_once(run_dir, reads):
    run = load(run_dir, device="cpu")
    # What would be passed over, were it damaged.
    assert [name for name in reads if name.endswith(".safetensors")] == ["average.safetensors"]
    for _ in range(2):
        run.sample([1])
        run.slow_motion([1], 2)
    assert "critic.safetensors" not in reads
    for _ in range(2):
        assert run.critic is run.critic and run.generator is run.generator
    assert len(reads) == len(set(reads))
    tables = {name for name in reads if name.endswith(".safetensors")}
    assert tables == {"average.safetensors", "critic.safetensors"}


def test_sampling_needs_nothing_of_training(copied, run_dir):
    expected = load(run_dir, device="cpu").sample(range(3))
    for path in copied.rglob("*_optimizer.safetensors"):
        path.unlink()
    run = load(copied, device="cpu")
    assert run.step == 4
    np.testing.assert_array_equal(run.sample(range(3)), expected)
    run.critic.requires_grad_(False)
    # Going on does need it.
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="no whole checkpoint"):
        train(run.config, run_dir=copied, resume="auto", **{"train.steps": 5})


def test_a_damaged_table_is_named_or_passed_over(copied):
    newest = copied / "checkpoints" / "step_00000004"
    (newest / "critic.safetensors").write_bytes(b"")
    run = load(copied, device="cpu")
    assert run.step == 4 and run.sample([0]).any()
    with pytest.raises(ValueError, match="damaged: 'critic.safetensors' is not what was written"):
        run.critic  # noqa: B018
    (newest / "average.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match="passing over a damaged checkpoint.*step_00000004"):
        assert load(copied, device="cpu").step == 2
    with pytest.raises(ValueError, match="damaged: 'average.safetensors'"):
        load(newest, device="cpu")


def test_the_critic_has_its_weights_and_its_constraint(tmp_path):
    config = make_tiny_config()
    config.critic.batch_norm, config.constraint.name = False, "spectral_norm"
    config.constraint.interval = None
    run = train(config, run_dir=tmp_path / "run")
    assert not run.critic.training
    stored = find_checkpoint(tmp_path / "run").tensors["critic"]
    found = run.critic.state_dict()
    assert found.keys() == stored.keys()
    assert all(torch.equal(found[key], stored[key]) for key in stored)
    # Weights are those that the constraint computes: of a spectral norm of about one.
    norms = [torch.linalg.matrix_norm(c.weight.flatten(1), 2) for c in run.critic.convs]
    plain = build_critic(config)
    assert (
        max(norms)
        < 1.2
        < max(torch.linalg.matrix_norm(c.weight.flatten(1), 2) for c in plain.convs)
    )


def test_classes_are_taken_in_turn(class_dir):
    run, generator = load(class_dir, device="cpu"), generator_of(class_dir)
    assert run.classes == ["a", "b"]
    assert repr(run).endswith("(generator), clips 1x16x16x1, 2 classes)")
    z = seed_latents([5, 5, 5], 8)

    def expected(*classes):
        return videos_of(generator, z[: len(classes)], torch.tensor(classes))

    np.testing.assert_array_equal(run.sample([5, 5, 5]), expected(0, 1, 0))
    np.testing.assert_array_equal(run.sample([5, 5, 5], label=["b", "a"]), expected(1, 0, 1))
    np.testing.assert_array_equal(run.sample([5, 5, 5], label="b"), expected(1, 1, 1))
    assert (expected(0) != expected(1)).any()
    # A walk has one class, and so has a sum.
    found = run.walk([5, 5, 5], 2)
    np.testing.assert_array_equal(
        found, videos_of(generator, z[[0, 0, 0, 0]], torch.tensor([0, 0, 1, 1]))
    )
    found = run.arithmetic([(1, [5])], label="b")
    np.testing.assert_array_equal(found, videos_of(generator, z[:2], torch.tensor([1, 1])))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda run: run.sample([0], label="c"), "unknown label 'c'.*; choose from a, b"),
        (lambda run: run.sample([0], label=["a", "aa"]), "unknown label 'aa' .did you mean 'a'"),
        (lambda run: run.arithmetic([(1, [0])]), "a sum of latents has one class, not 2"),
        (lambda run: run.sample([0], pictures="train"), "pictures 'train': .* takes no input"),
        (lambda run: run.slow_motion([0], 2), "fast latents, which ImageDeconvGenerator does not"),
        (lambda run: run.walk([0], 3), "a walk needs 2 or more seeds; 1 are there"),
        (lambda run: run.walk([0, 1], 1), "a walk of 1 steps is below 2"),
        (lambda run: run.walk([0, 1], 2, path="arc"), "unknown walk 'arc'.*lerp, slerp"),
    ],
)
def test_mistaken_samples_are_named(class_dir, call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(load(class_dir, device="cpu"))
    assert "--" not in str(error.value)


def test_a_run_without_classes_has_no_labels(run_dir):
    with pytest.raises(ValueError, match=f"label 'a': samples of '{run_dir}' have no classes"):
        load(run_dir, device="cpu").sample([0], label="a")


def test_input_pictures_are_taken_in_turn(translator_dir, run_dir):
    run, generator = load(translator_dir, device="cpu"), generator_of(translator_dir)
    z = seed_latents(range(3), 8)

    def expected(source, *numbers):
        clips = torch.from_numpy(np.stack([source.clip(number, 0) for number in numbers]))
        return videos_of(generator, z, grey(normalise(clips)))

    # Held-out ones unless asked, since there are some.
    held_out, trained_on = expected(run.held_out, 0, 1, 2), expected(run.data, 0, 1, 2)
    assert (held_out != trained_on).any()
    np.testing.assert_array_equal(run.sample(range(3)), held_out)
    np.testing.assert_array_equal(run.sample(range(3), pictures="held-out"), held_out)
    np.testing.assert_array_equal(run.sample(range(3), pictures="train"), trained_on)
    np.testing.assert_array_equal(run.sample(range(3), pictures=run.data), trained_on)
    two = Subset(run.data, [4, 2])
    np.testing.assert_array_equal(run.sample(range(3), pictures=two), expected(two, 0, 1, 0))
    with pytest.raises(ValueError, match="starts from pictures has samples, but no walks"):
        run.walk([0, 1], 3)


def test_metrics_are_arrays_of_one_length(run_dir):
    lines = [json.loads(line) for line in (run_dir / "metrics.jsonl").read_text().splitlines()]
    for path in (run_dir, run_dir / "checkpoints" / "step_00000002"):
        metrics = load(path, device="cpu").metrics
        assert next(iter(metrics)) == "step" and metrics["step"].tolist() == [0, 1, 2, 3, 4]
        assert set(metrics) == {name for line in lines for name in line}
        assert all(array.dtype == np.float64 and array.shape == (5,) for array in metrics.values())
        for row, step in enumerate(range(5)):
            logged = {n: v for line in lines if line["step"] == step for n, v in line.items()}
            for name, array in metrics.items():
                if name in logged:
                    assert array[row] == logged[name]
                else:
                    assert np.isnan(array[row])
    assert np.isnan(metrics["critic_loss"]).tolist() == [True, False, False, False, False]
    (distance,) = (array for name, array in metrics.items() if name.startswith("frechet"))
    assert np.isnan(distance).tolist() == [False, True, True, True, False]


def test_clips_of_a_run(run_dir, class_dir, pictures, tmp_path):
    run = load(run_dir, device="cpu")
    assert run.data is run.data is run.clips("train") and run.held_out is run.clips("held-out")
    assert run.data.shape == run.held_out.shape == (16, 32, 32, 1) and len(run.data) == 50
    assert (run.data.clip(0, 0) != run.held_out.clip(0, 0)).any()
    run = load(class_dir, device="cpu")
    assert run.data.labels == ["a", "b"] and run.held_out is None
    with pytest.raises(ValueError, match="has no held-out clips .data.held_out_path.: name a fold"):
        run.clips("held-out")
    shutil.copytree(pictures / "b", tmp_path / "others")
    for path in (tmp_path / "others", str(tmp_path / "others")):
        others = run.clips(path)
        assert len(others) == 2 and others.shape == (1, 16, 16, 1)
    with pytest.raises(ValueError, match="no such file or folder"):
        run.clips(tmp_path / "gone")


def test_data_of_other_classes_are_refused_and_samples_are_not(class_dir, pictures, tmp_path):
    run = load(class_dir, device="cpu")
    run.config = copy.deepcopy(run.config)
    run.config.data.path = str(tmp_path / "renamed")
    shutil.copytree(pictures, tmp_path / "renamed")
    (tmp_path / "renamed" / "b").rename(tmp_path / "renamed" / "c")
    with pytest.raises(ValueError, match="trained on are a, c now; they were a, b"):
        run.data  # noqa: B018
    assert run.sample([0], label="b").shape == (1, 1, 16, 16, 1)


def test_an_exported_folder_samples_alike(class_dir, tmp_path):
    run = load(class_dir, device="cpu")
    save_pretrained(run.generator, run.config, tmp_path / "exported", run.classes)
    found = load(tmp_path / "exported", device="cpu")
    assert found.classes == ["a", "b"] and found.step is None and found.checkpoint is None
    assert repr(found) == (
        f"TrainedRun('{tmp_path / 'exported'}', exported, dcgan generator (generator), "
        "clips 1x16x16x1, 2 classes)"
    )
    np.testing.assert_array_equal(found.sample(range(4)), run.sample(range(4)))
    np.testing.assert_array_equal(found.sample([2], label="b"), run.sample([2], label="b"))
    for name, message in (
        ("critic", "has no critic"),
        ("metrics", "has no metrics.jsonl: a run directory has one from step log.every"),
        ("data", "is an exported folder, which does not say what clips it was trained on"),
        ("classifier", "has no classifier: an exported folder holds a generator alone"),
    ):
        with pytest.raises(ValueError, match=message):
            getattr(found, name)
    handed = load(tmp_path / "exported", device="cpu", source=run.data)
    assert handed.data is run.data


def test_a_run_of_version_0_1_is_loaded_and_goes_on(class_dir, translator_dir, tmp_path):
    for number, old in enumerate((class_dir, translator_dir)):
        path = shutil.copytree(old, tmp_path / str(number))
        expected = load(old, device="cpu")
        date_back(path / "checkpoints" / "step_00000002")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            run = load(path, device="cpu")
        assert run.classes == expected.classes and run.config == expected.config
        np.testing.assert_array_equal(run.sample(range(3)), expected.sample(range(3)))
        run = train(run.config, run_dir=path, resume="auto", **{"train.steps": 3})
        assert run.step == 3 and run.classes == expected.classes


def test_what_is_no_run_is_named(tmp_path):
    (tmp_path / "file").touch()
    for path, message in (
        (tmp_path / "nothing", "no run or checkpoint at '.*nothing'"),
        (tmp_path / "file", "no run or checkpoint at '.*file'"),
        (tmp_path, "holds no whole checkpoint"),
    ):
        with pytest.raises(ValueError, match=message):
            load(path, device="cpu")


def test_a_device_that_cannot_be_used_is_named(run_dir):
    with pytest.raises(ValueError, match="unknown device 'nonsense'"):
        load(run_dir, device="nonsense")
    with pytest.raises(ValueError, match="device 'meta' cannot be used"):
        load(run_dir, device="meta")
