import numpy as np
import pytest
import yaml
from PIL import Image

from tgan.cli import run
from tgan.features.classifier import read_facts


def strip(label: int, number: int) -> Image.Image:
    """16 frames of 16x16 side by side: a dot that moves along (1) or down (0)."""
    frames = np.zeros((16, 16, 16, 3), np.uint8)
    for time, frame in enumerate(frames):
        place = [time, 3 + number]
        row, column = place if label == 0 else reversed(place)
        frame[row, column] = 255
    return Image.fromarray(np.concatenate(frames, axis=1))


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    for label, name in enumerate(("down", "along")):
        (root / "videos" / name).mkdir(parents=True)
        for number in range(8):
            strip(label, number).save(root / "videos" / name / f"{number}.png")
    common = ["--strips", "--resolution", "16", "--workers", "1"]
    run("prepare", [f"{root}/videos", "--labels", "folders", "--out", f"{root}/mine", *common])
    run("prepare", [f"{root}/videos/down", "--out", f"{root}/unlabelled", *common])
    return root


def train(*arguments) -> int:
    """Exit status of `tgan train-classifier`."""
    try:
        run("train-classifier", [str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code
    return 0


def test_a_classifier_is_trained_and_its_accuracy_printed(packed, tmp_path, capsys):
    out = tmp_path / "new" / "x.safetensors"
    assert train(packed / "mine", "--out", out, "--steps", 12, "--batch-size", 4) == 0
    printed = capsys.readouterr()
    assert "2 classes, 14 videos to train, 2 held out" in printed.out
    assert printed.out.splitlines()[-1] == str(out)
    facts = read_facts(out)
    assert facts.labels == ["along", "down"] and facts.held_out is None
    assert (facts.data, facts.resolution, facts.num_frames, facts.steps) == ("mine", 16, 16, 12)
    right = round(facts.held_out_accuracy * 2)
    accuracy = f"held-out accuracy {facts.held_out_accuracy:.1%} ({right} of 2 videos)"
    assert accuracy in printed.out
    assert "12/12" in printed.err
    assert [path.name for path in out.parent.iterdir()] == ["x.safetensors"]


def test_another_folder_can_be_held_out(packed, tmp_path, capsys):
    out = tmp_path / "x.safetensors"
    options = ["--held-out", packed / "mine", "--resolution", 20, "--num-frames", 8]
    assert train(packed / "mine", "--out", out, "--steps", 1, *options) == 0
    assert "16 videos to train, 16 held out" in capsys.readouterr().out
    facts = read_facts(out)
    assert (facts.held_out, facts.resolution, facts.num_frames) == ("mine", 20, 8)


def test_pictures_are_told_apart_too(tmp_path, capsys):
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    images = rng.integers(0, 100, (40, 16, 16), np.uint8) + (labels * 100)[:, None, None]
    np.savez(tmp_path / "x.npz", images=images.astype(np.uint8), kind=np.array(["a", "b"])[labels])
    out = tmp_path / "x.safetensors"
    options = ["--num-frames", 1, "--resolution", 16, "--steps", 40, "--out", out]
    assert train(tmp_path / "x.npz", "--labels-key", "kind", *options) == 0
    assert "2 classes, 34 images to train, 6 held out" in capsys.readouterr().out
    assert read_facts(out).held_out_accuracy == 1 and read_facts(out).num_frames == 1
    assert train(tmp_path / "x.npz", *options, "--overwrite") == 2
    assert "have no classes: put pictures in a folder per class" in capsys.readouterr().err


def test_data_of_a_configuration_are_tried_on_what_it_holds_out(tmp_path, capsys):
    path, out = tmp_path / "digits.yaml", tmp_path / "x.safetensors"
    data = {"resolution": 16, "num_digits": 1, "num_clips": 40}
    path.write_text(yaml.safe_dump({"data": {"name": "moving_digits", **data}}))
    options = ["--num-frames", 1, "--steps", 2, "--out", out]
    assert train(path, *options) == 0
    assert "10 classes, 40 images to train, 40 held out" in capsys.readouterr().out
    facts = read_facts(out)
    assert (facts.num_frames, facts.resolution, facts.stride) == (1, 16, 1)
    assert facts.data == facts.held_out == "digits.yaml"
    assert train(path, *options, "--overwrite", "--held-out", tmp_path) == 2
    message = f"--held-out {tmp_path}: {path} names what is held out itself, as data.held_out_path"
    assert message in capsys.readouterr().err


def test_a_configuration_without_classes_is_named(packed, tmp_path, capsys):
    settings = {"data": {"name": "videos", "path": str(packed / "unlabelled"), "resolution": 16}}
    (tmp_path / "x.yaml").write_text(yaml.safe_dump(settings))
    assert train(tmp_path / "x.yaml", "--out", tmp_path / "x.safetensors") == 2
    assert "clips of the data 'videos' as configured have no classes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{d}/gone"], "gone' is no packed folder; other videos have no classes"),
        (["{d}/videos"], "videos' is no packed folder; other videos have no classes"),
        (["{d}/unlabelled"], "have no classes: prepare them with labels"),
        (["{d}/mine", "--held-out", "{d}/unlabelled"], "unlabelled' have no classes"),
        (["{d}/mine", "--out", "x.pth"], "--out x.pth: the name of the file must end in .safete"),
        (["{d}/mine", "--steps", "0"], "--steps 0 is below 1"),
        (["{d}/mine", "--seed", "-1"], "--seed -1 is below 0"),
        (["{d}/mine", "--resolution", "8"], "--resolution 8 is below 16"),
        (["{d}/mine", "--num-frames", "17"], "mine is long enough for num_frames 17"),
        (["{d}/mine", "--device", "nothing"], "unknown device 'nothing'; choose cpu, cuda"),
        ([], "the following arguments are required: DATA"),
    ],
)
def test_mistakes_end_in_one_line(packed, tmp_path, capsys, arguments, message):
    out = tmp_path / "x.safetensors"
    filled = [argument.format(d=packed) for argument in arguments]
    default = [] if "--out" in filled else ["--out", out]
    assert train(*filled, *default) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("tgan train-classifier: ") and printed.count("\n") == 1
    assert message in printed
    assert not out.exists()


def test_help_shows_examples(capsys):
    assert train("--help") == 0
    assert "examples:" in capsys.readouterr().out
