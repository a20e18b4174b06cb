import shutil
import subprocess
import sys
from pathlib import Path

import av
import imageio.v3 as iio
import numpy as np
import pytest
import torch
from PIL import Image

from tests.made.numbered_videos import write_video
from tests.made.video_runs import train_tiny
from tgan.cli import run
from tgan.cli.generate import check_size, parse_labels
from tgan.cli.seeds import MAX_SEEDS, parse_grid, parse_seeds, parse_sum
from tgan.data.pixels import to_bytes
from tgan.media.sum_sheet import SumSheet
from tgan.runs.build import build_run
from tgan.runs.conditioning import class_conditions
from tgan.runs.trained import load
from tgan.sampling.decoding import seed_latents
from tgan.sampling.latents import combine
from tgan.sampling.plans import Samples, Sums, Walks
from tgan.training.loop import fit


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    from tests.conftest import make_tiny_config

    config = make_tiny_config()
    config.train.ema_decay = 0.5
    # Samples that differ by more than rounding.
    config.generator.image_init = "he_normal"
    directory = tmp_path_factory.mktemp("run")
    fit(build_run(config, directory))
    return directory


@pytest.fixture(scope="module")
def class_run(tmp_path_factory):
    """A run whose videos are of class `dark` or `light`."""
    from tests.conftest import make_tiny_config

    directory = tmp_path_factory.mktemp("classes")
    noise = np.random.default_rng(0)
    for name, level in {"dark": 60, "light": 180}.items():
        (directory / "videos" / name).mkdir(parents=True)
        strip = noise.integers(level, level + 60, (32, 32 * 16, 3), np.uint8)
        Image.fromarray(strip).save(directory / "videos" / name / "a.png")
    command = [directory / "videos", "--out", directory / "data", "--labels", "folders"]
    run("prepare", [*map(str, command), "--resolution", "32", "--channels", "1", "--workers", "1"])
    config = make_tiny_config()
    config.conditional, config.generator.image_init = True, "he_normal"
    config.data.name, config.data.path = "videos", str(directory / "data")
    config.train.steps = 2
    fit(build_run(config, directory / "run"))
    return directory / "run"


def generate(*argv):
    run("generate", [str(argument) for argument in argv])


def generated(*argv):
    """What a command writes as .npy, as numbers that can be subtracted."""
    generate(*argv)
    return np.load(argv[argv.index("--out") + 1]).astype(int)


@pytest.mark.parametrize("ending", ["mp4", "gif", "webp", "png", "npy"])
def test_every_ending_is_written_and_printed(run_dir, tmp_path, capsys, ending):
    out = tmp_path / f"samples.{ending}"
    generate(run_dir, "--out", out, "--seeds", "0-2")
    assert out.stat().st_size > 0
    assert capsys.readouterr().out.strip() == str(out)


def test_a_sample_depends_on_its_seed_alone(run_dir, tmp_path):
    generate(run_dir, "--out", tmp_path / "a.npy", "--seeds", "0-4", "--batch-size", 5)
    generate(run_dir, "--out", tmp_path / "b.npy", "--seeds", "4,1", "--batch-size", 1)
    a, b = np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy")
    assert a.shape == (5, 16, 32, 32, 1)
    assert np.abs(a[[4, 1]].astype(int) - b).max() <= 1


def test_a_grid_has_the_rows_that_were_asked_for(run_dir, tmp_path):
    generate(run_dir, "--out", tmp_path / "a.mp4", "--seeds", "0-1", "--grid", "3x2", "--scale", 1)
    frames = iio.imread(tmp_path / "a.mp4", plugin="pyav")
    assert frames.shape == (16, 3 * 32, 2 * 32, 3)
    assert frames[:, :32].mean() > 50 and frames[:, 32:].mean() < 2


def test_weights_are_the_running_mean_unless_asked(run_dir):
    auto, average, own = (
        load(run_dir, weights=weights, device="cpu").generator
        for weights in ("auto", "average", "generator")
    )
    assert torch.equal(auto.image.slow.weight, average.image.slow.weight)
    assert not torch.equal(auto.image.slow.weight, own.image.slow.weight)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["{run}", "--out", "x.avi"], "unknown ending '.avi'"),
        (["{tmp}/nothing", "--out", "x.mp4"], "no run or checkpoint"),
        (["{tmp}", "--out", "x.mp4"], "no whole checkpoint"),
        (["{run}", "--out", "x.mp4", "--seeds", "5-x"], "--seeds '5-x'"),
        (["{run}", "--out", "x.mp4", "--grid", "2x2"], "fewer cells than the 16"),
        (["{run}", "--out", "x.mp4", "--seeds", "0-9999999999"], "'0-9999999999' are more than"),
        (["{run}", "--out", "{run}"], "is not empty; name a new one"),
        (["{run}", "--out", "{run}/config.yaml/"], "config.yaml' is a file; name a folder"),
        (["{run}", "--out", "x/", "--seeds", "3,4,3"], "2 samples have the name seed_000003.mp4"),
        (["{run}", "--out", "x/", "--walk", "3"], "--walk is for one file; 'x/' is a folder"),
        (["{run}", "--out", "x", "--arithmetic", "3"], "--arithmetic is for one file; 'x' is"),
        (["{run}", "--out", "x/", "--grid", "4x4"], "--grid is for one file"),
        (["{run}", "--out", "x/", "--scale", "2"], "--scale is for one file"),
        (["{run}", "--out", "{run}/config.yaml/x.mp4"], "Not a directory"),
        (["{run}", "--out", "x.npy", "--seeds", "0-999999"], "--seeds"),
        (["{run}", "--out", "x.gif", "--grid", "1x9999"], "--grid"),
        (["{run}", "--out", "x.png", "--scale", "99999"], "--scale"),
        (["{run}", "--out", "x.mp4", "--fps", "0"], "--fps 0.0 is not between 0.1 and 1000"),
        (["{run}", "--out", "x.mp4", "--fps", "nan"], "--fps nan"),
        (["{run}", "--out", "x.mp4", "--fps", "inf"], "--fps inf"),
        (["{run}", "--out", "x.mp4", "--fps", "1e-5"], "--fps 1e-05"),
        (["{run}", "--out", "x.mp4", "--fps", "1e9"], "--fps 1000000000.0"),
        (["{run}", "--out", "x.mp4", "--scale", "0"], "--scale"),
        (["{run}", "--out", "x.mp4", "--batch-size", "0"], "--batch-size"),
        (["{run}", "--out", "x.mp4", "--device", "nonsense"], "unknown device 'nonsense'"),
        (["{run}", "--out", "x.mp4", "--device", "meta"], "device 'meta' cannot be used"),
        (["{run}"], "--out"),
        (["{run}", "--out", "x.mp4", "--slow-motion", "0"], "--slow-motion 0 is not positive"),
        (["{run}", "--out", "x.mp4", "--slow-motion", "x"], "--slow-motion: invalid int value"),
        (["{run}", "--out", "x.png", "--slow-motion", "9999"], "at most 16384 a side; choose"),
        (["{run}", "--out", "x.mp4", "--walk", "1"], "a walk of 1 steps is below 2"),
        (
            ["{run}", "--out", "x.mp4", "--walk", "5", "--seeds", "7"],
            "a walk needs 2 or more seeds",
        ),
        (["{run}", "--out", "x.mp4", "--walk", "1000000"], "walks of 1000000 steps make 15000000"),
        (["{run}", "--out", "x.mp4", "--walk", "5", "--grid", "5x5"], "fewer cells than the 75"),
        (["{run}", "--out", "x.mp4", "--walk", "5", "--arithmetic", "1"], "not allowed with"),
        (["{run}", "--out", "x.mp4", "--arithmetic", "1 - 2", "--seeds", "3"], "leave --seeds"),
        (["{run}", "--out", "x.mp4", "--arithmetic", "1 -2"], "--arithmetic '1 -2'; groups"),
        (["{run}", "--out", "x.mp4", "--path", "lerp"], "--path lerp is of a --walk"),
        (["{run}", "--out", "x.mp4", "--walk", "3", "--path", "arc"], "invalid choice: 'arc'"),
        (["{run}", "--out", "x.mp4", "--jitter", "0"], "--jitter 0 is of --arithmetic"),
        (["{run}", "--out", "x.mp4", "--arithmetic", "1", "--jitter", "2"], "--jitter 2 is not"),
        (["{run}", "--out", "x.mp4", "--arithmetic", "1", "--jitter", "nan"], "--jitter nan is"),
        (["{run}", "--out", "x.mp4", "--arithmetic", "1", "--grid", "9x9"], "--grid needs --jit"),
        (["{run}", "--out", "x.png", "--arithmetic", "0-999", "--scale", "9"], "at most 16384"),
        (["{run}", "--out", "x.mp4", "--label", "wave"], "{run}' have no classes"),
    ],
)
def test_mistakes_end_with_one_line_and_status_2(
    run_dir, tmp_path, capsys, monkeypatch, argv, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit_:
        generate(*(a.format(run=run_dir, tmp=tmp_path) for a in argv))
    errors = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == 2
    assert len(errors) == 1 and message.format(run=run_dir) in errors[0]
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_replaced_only_when_asked(run_dir, tmp_path, capsys):
    out = tmp_path / "keep.png"
    out.write_bytes(b"precious")
    with pytest.raises(SystemExit) as exit_:
        generate(run_dir, "--out", out, "--seeds", "0")
    assert exit_.value.code == 2 and out.read_bytes() == b"precious"
    assert "keep.png' is there already; --overwrite replaces it" in capsys.readouterr().err
    generate(run_dir, "--out", out, "--seeds", "0", "--overwrite")
    assert iio.imread(out).shape == (96, 16 * 96, 3)
    folder = tmp_path / "samples"
    (folder / "mine").mkdir(parents=True)
    with pytest.raises(SystemExit):
        generate(run_dir, "--out", folder, "--seeds", "0", "--overwrite")
    assert [path.name for path in folder.iterdir()] == ["mine"]


@pytest.mark.parametrize("fps", ["0.1", "50"])
@pytest.mark.parametrize("ending", ["mp4", "gif", "webp"])
def test_fps_at_the_limits_are_written(run_dir, tmp_path, fps, ending):
    generate(run_dir, "--out", tmp_path / f"a.{ending}", "--seeds", "0", "--fps", fps)


def test_samples_play_at_the_rate_of_the_data_which_are_not_opened(tmp_path):
    videos, data = tmp_path / "videos", tmp_path / "data"
    for number in range(4):
        frames = np.random.default_rng(number).integers(0, 256, (64, 32, 32, 3), np.uint8)
        write_video(videos / f"{number}.mp4", frames, fps=30)
    run("prepare", [*map(str, [videos, "--out", data, "--resolution", 32, "--fps", 15])])
    same = {"name": "videos", "resolution": 32}
    packed = train_tiny(tmp_path / "packed", path=str(data), stride=2, **same)
    unpacked = train_tiny(tmp_path / "unpacked", path=str(videos), **same)
    shutil.rmtree(data)
    shutil.rmtree(videos)
    for place, rate in {packed: 7.5, unpacked: 30}.items():
        generate(place, "--out", tmp_path / "a.mp4", "--seeds", "0", "--overwrite")
        assert rate_of(tmp_path / "a.mp4") == rate
        generate(place, "--out", tmp_path / "a.mp4", "--seeds", "0", "--fps", 4, "--overwrite")
        assert rate_of(tmp_path / "a.mp4") == 4
    assert load(packed).fps == 7.5
    run("export", [str(unpacked), "--out", str(tmp_path / "exported")])
    generate(tmp_path / "exported", "--out", tmp_path / "b.mp4", "--seeds", "0")
    assert rate_of(tmp_path / "b.mp4") == 30


def test_a_run_in_a_relative_folder_with_colons(tmp_path, monkeypatch):
    from tests.conftest import make_tiny_config

    monkeypatch.chdir(tmp_path)
    config = make_tiny_config()
    config.train.steps, config.log.preview_every, config.log.trackers = 2, 1, ["tensorboard"]
    fit(build_run(config, Path("2024-05-01T12:00:00")))
    run_dir = tmp_path / "2024-05-01T12:00:00"
    assert len(list(run_dir.glob("previews/*.mp4"))) == 3
    assert list(run_dir.glob("tracking/**/events*"))
    for out in ("run:1.mp4", "run:1.gif", "run:1.webp", "run:1.png", "run:1.npy", "folder:1/"):
        generate("2024-05-01T12:00:00", "--out", out, "--seeds", "0-1")
        assert (tmp_path / out).exists()
    run("export", ["2024-05-01T12:00:00", "--out", "export:1/"])
    generate("export:1", "--out", "run:2.mp4", "--seeds", "0")


def test_data_without_a_rate_play_at_eight(run_dir, tmp_path):
    assert load(run_dir).fps is None
    generate(run_dir, "--out", tmp_path / "a.mp4", "--seeds", "0")
    assert rate_of(tmp_path / "a.mp4") == 8


def test_a_rate_that_gif_cannot_play_is_refused_before_anything_is_made(run_dir, tmp_path, capsys):
    with pytest.raises(SystemExit):
        generate(run_dir, "--out", tmp_path / "a.gif", "--fps", 60)
    assert ".gif plays at most 50 frames a second, not 60; choose" in capsys.readouterr().err
    assert not (tmp_path / "a.gif").exists()


def rate_of(path):
    with av.open(str(path)) as container:
        return container.streams.video[0].average_rate


def test_the_output_is_checked_before_torch_is_loaded(tmp_path):
    (tmp_path / "folder.mp4" / "precious").mkdir(parents=True)
    code = "import sys; from tgan.cli import main; main(sys.argv[1:])"
    guarded = f"import sys; sys.modules['torch'] = None; {code}"
    arguments = ["generate", "no_run", "--out", str(tmp_path / "folder.mp4")]
    result = subprocess.run(
        [sys.executable, "-c", guarded, *arguments], capture_output=True, text=True
    )
    assert result.returncode == 2
    assert "folder.mp4' is not empty" in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_sample_imports_only_what_it_needs(run_dir, tmp_path):
    code = (
        "import sys; from tgan.cli import main; main(sys.argv[1:]); "
        "idle = {'torch._dynamo', 'sympy', 'scipy', 'torchvision', 'matplotlib', 'pandas'}; "
        "assert not idle & sys.modules.keys(), idle & sys.modules.keys()"
    )
    arguments = ["generate", str(run_dir), "--out", str(tmp_path / "a.mp4"), "--seeds", "0"]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)


def test_sizes_up_to_the_limits_are_accepted():
    check_size("x.mp4", (10, 16_384, 16_384, 3))
    check_size("x.npy", (2**15, 16, 128, 128, 1))
    for out, shape, reason in (
        ("x.mp4", (1, 16_386, 2, 3), "2x16386 pixels, at most 16384 a side"),
        ("x.webp", (1, 2, 16_384, 3), "16384x2 pixels, at most 16383 a side"),
        ("x.mp4", (11, 16_384, 16_384, 3), "8.2 GiB of pixels, at most 8"),
        ("x.npy", (2**15 + 1, 16, 128, 128, 1), "8.0 GiB of pixels, at most 8"),
    ):
        with pytest.raises(ValueError, match=f"{reason}; choose fewer --seeds"):
            check_size(out, shape)


def test_seeds_and_grids():
    assert parse_seeds("0-3,9,5-5") == [0, 1, 2, 3, 9, 5]
    assert parse_grid(None, 10) == (3, 4)
    assert parse_grid("2x8", 16) == (2, 8)
    for text in ("", "a", "3-1", "-3", "1,,2", "²"):
        with pytest.raises(ValueError, match="--seeds"):
            parse_seeds(text)
    assert len(parse_seeds(f"0-{MAX_SEEDS - 1}")) == MAX_SEEDS
    for text in (f"0-{MAX_SEEDS}", f"0-{MAX_SEEDS - 1},7"):
        with pytest.raises(ValueError, match="more than 1000000"):
            parse_seeds(text)


def test_sums_are_read_by_their_spaces():
    assert parse_sum("7") == [(1, [7])]
    assert parse_sum(" 3,5-6  -  1-2 + 4") == [(1, [3, 5, 6]), (-1, [1, 2]), (1, [4])]
    for text in ("", "-", "- 1", "1 2", "1 -2", "1 - ", "1 * 2", "1 - + 2", "1 - a", "1 - 3-2"):
        with pytest.raises(ValueError, match="--arithmetic"):
            parse_sum(text)


def test_names_of_classes():
    known = ["wave", "a, b", "jump"]
    for text, names, numbers in (
        ("jump", ["jump"], [2, 2, 2]),
        ("jump, wave", ["jump", "wave"], [2, 0, 2]),
        ("a, b", ["a, b"], [1, 1, 1]),
    ):
        assert parse_labels(text, known) == names
        conditions = class_conditions(Samples([4, 4, 9]), known, names)
        assert conditions.tensors[0].tolist() == numbers
        assert conditions.classes == [known[number] for number in numbers]
    message = "unknown label 'jmp' .did you mean 'jump'.*choose from a, b, jump, wave"
    with pytest.raises(ValueError, match=message):
        class_conditions(Samples([4]), known, parse_labels("wave,jmp", known))


def test_plans_take_classes_in_turn():
    assert Samples([4, 4, 9]).classes([0, 1]) == [0, 1, 0]
    assert Walks([1, 2, 3], 2).classes([7, 8]) == [7, 7, 8, 8]
    assert Sums([(1, [1])]).classes([5]) == [5, 5]
    with pytest.raises(ValueError, match="a sum of latents has one class, not 2: name a label"):
        Sums([(1, [1])]).classes([0, 1])


def test_slow_motion_lasts_longer(run_dir, tmp_path):
    common = [run_dir, "--seeds", "0-1", "--scale", 1]
    plain = generated(*common, "--out", tmp_path / "a.npy")
    slow = generated(*common, "--slow-motion", 4, "--out", tmp_path / "b.npy")
    assert slow.shape == (2, 61, 32, 32, 1)
    assert np.abs(slow[:, ::4] - plain).max() <= 1
    for ending, shape in {"mp4": (61, 32, 64, 3), "png": (64, 61 * 32, 3)}.items():
        out = tmp_path / f"slow.{ending}"
        generate(*common, "--slow-motion", 4, "--out", out)
        assert iio.imread(out).shape == shape
    duration = iio.immeta(tmp_path / "slow.mp4", plugin="pyav")["duration"]
    assert duration == pytest.approx(61 / 8, abs=0.01)


def test_a_walk_is_a_row_for_each_pair_of_seeds(run_dir, tmp_path):
    ends = generated(run_dir, "--seeds", "3,7,5", "--out", tmp_path / "a.npy")
    path = generated(run_dir, "--seeds", "3,7,5", "--walk", 4, "--out", tmp_path / "b.npy")
    assert path.shape == (8, 16, 32, 32, 1)
    assert np.abs(path[[0, 3, 4, 7]] - ends[[0, 1, 1, 2]]).max() <= 1
    assert len(np.unique(path.reshape(8, -1), axis=0)) >= 7
    generate(run_dir, "--seeds", "3,7,5", "--walk", 4, "--scale", 1, "--out", tmp_path / "c.mp4")
    assert iio.imread(tmp_path / "c.mp4", plugin="pyav").shape == (16, 2 * 32, 4 * 32, 3)


def test_a_walk_can_take_the_straight_line(run_dir, tmp_path):
    made = {}
    for path in ("slerp", "lerp"):
        options = ["--seeds", "3,7", "--walk", 3, "--path", path]
        made[path] = generated(run_dir, *options, "--out", tmp_path / f"{path}.npy")
    plain = generated(run_dir, "--seeds", "3,7", "--walk", 3, "--out", tmp_path / "plain.npy")
    np.testing.assert_array_equal(made["slerp"], plain)
    assert (made["lerp"][1] != plain[1]).any()
    np.testing.assert_allclose(made["lerp"][[0, 2]], plain[[0, 2]], atol=1)
    generator = load(run_dir, device="cpu").generator
    with torch.no_grad():
        middle = to_bytes(generator(seed_latents([3, 7], 8).mean(0, keepdim=True)))
    assert np.abs(made["lerp"][1] - middle[0].numpy()).max() <= 1


def expected_videos(run_dir, latents):
    generator = load(run_dir, device="cpu").generator
    with torch.no_grad():
        return to_bytes(generator(latents)).numpy().astype(int)


def test_arithmetic_without_jitter_is_a_row_that_ends_with_the_sum(run_dir, tmp_path):
    options = ["--arithmetic", "3,5 - 1-2 + 4", "--jitter", 0]
    made = generated(run_dir, *options, "--out", tmp_path / "a.npy")
    groups = [seed_latents(seeds, 8) for seeds in ([3, 5], [1, 2], [4])]
    total = combine(zip((1, -1, 1), groups, strict=True))
    latents = torch.stack([*(group.mean(0) for group in groups), total])
    assert made.shape == (4, 16, 32, 32, 1)
    assert np.abs(made - expected_videos(run_dir, latents)).max() <= 1
    # The mean of one is the sample itself.
    sample = generated(run_dir, "--seeds", "4", "--out", tmp_path / "b.npy")
    assert np.abs(made[2] - sample[0]).max() <= 1
    generate(run_dir, *options, "--scale", 1, "--out", tmp_path / "a.mp4")
    assert iio.imread(tmp_path / "a.mp4", plugin="pyav").shape == (16, 32, 4 * 32, 3)


def test_arithmetic_shows_samples_means_and_variants_of_the_sum(run_dir, tmp_path):
    options = [run_dir, "--arithmetic", "3,5 - 4", "--scale", 1]
    made = generated(*options, "--out", tmp_path / "a.npy")
    first, second = seed_latents([3, 5], 8), seed_latents([4], 8)
    total = combine([(1, first), (-1, second)])
    latents = [*first, first.mean(0), *second, second[0], total]
    assert made.shape == (len(latents) + 8, 16, 32, 32, 1)
    assert np.abs(made[: len(latents)] - expected_videos(run_dir, torch.stack(latents))).max() <= 1
    assert len(np.unique(made[len(latents) - 1 :].reshape(9, -1), axis=0)) == 9
    again = generated(*options, "--jitter", 0.25, "--out", tmp_path / "b.npy")
    np.testing.assert_array_equal(made, again)
    sheet = SumSheet([1, -1], [2, 1], 0.25)
    generate(*options, "--out", tmp_path / "a.mp4")
    frames = iio.imread(tmp_path / "a.mp4", plugin="pyav")
    assert frames.shape == sheet.shape((16, 32, 32, 1), 1)
    generate(*options, "--out", tmp_path / "a.png")
    assert iio.imread(tmp_path / "a.png").shape == (32 * len(made), 16 * 32, 3)


def test_labels_choose_the_class(class_run, tmp_path):
    def made(*options):
        return generated(class_run, *options, "--overwrite", "--out", tmp_path / "a.npy")

    seeds = ["--seeds", "5,5,5"]
    turn, dark = made(*seeds), made(*seeds, "--label", "dark")
    light = made(*seeds, "--label", "light")
    assert (dark[0] != light[0]).any()
    assert np.abs(turn - np.stack([dark[0], light[1], dark[2]])).max() <= 1
    assert np.abs(made(*seeds, "--label", "light,dark")[1] - dark[1]).max() <= 1
    walk = made("--seeds", "5,6", "--walk", 2, "--label", "light", "--slow-motion", 2)
    assert np.abs(walk[0, ::2] - light[0]).max() <= 1
    row = made("--arithmetic", "5", "--label", "light", "--jitter", 0)
    assert np.abs(row - light[:2]).max() <= 1


def test_a_folder_holds_a_video_per_sample_in_its_class(class_run, tmp_path):
    out = tmp_path / "new" / "samples"
    generate(class_run, "--out", f"{out}/", "--seeds", "7-10", "--batch-size", 3, "--fps", 4)
    files = sorted(file.relative_to(out).as_posix() for file in out.rglob("*.*"))
    names = ["dark/seed_000007.mp4", "dark/seed_000009.mp4"]
    assert files == [*names, "light/seed_000008.mp4", "light/seed_000010.mp4"]
    videos = generated(class_run, "--seeds", "7-10", "--out", tmp_path / "a.npy")
    found = iio.imread(out / names[1], plugin="pyav")
    assert found.shape == (16, 32, 32, 3)
    assert np.abs(found[..., :1] - videos[2]).mean() < 8
    assert [path.name for path in out.parent.iterdir()] == ["samples"]
    run("prepare", [str(out), "--out", str(tmp_path / "packed"), "--labels", "folders"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "drak"], "unknown label 'drak' (did you mean 'dark'?); choose from dark, li"),
        (["--label", ""], "unknown label ''"),
        (["--arithmetic", "1 - 2"], "a sum of latents has one class, not 2: name a label"),
    ],
)
def test_mistaken_classes_end_in_one_line(class_run, tmp_path, capsys, options, message):
    with pytest.raises(SystemExit) as exit_:
        generate(class_run, "--out", tmp_path / "a.mp4", *options)
    errors = capsys.readouterr().err.strip().splitlines()
    assert exit_.value.code == 2
    assert len(errors) == 1 and message in errors[0]
    assert not list(tmp_path.iterdir())
