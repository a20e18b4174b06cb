"""Classes of any name from the folders of the data to samples, exports and back."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.made.class_names import BYTES, NAMES
from tgan.cli import main
from tgan.data.packed.clips import PackedClips
from tgan.data.packed.prepare import prepare
from tgan.runs.export import card
from tgan.runs.trained import load

OPTIONS = [
    *("--data.name", "images", "--data.num_frames", "1", "--data.resolution", "8"),
    *("--conditional", "true", "--generator.name", "dcgan", "--generator.z_slow", "4"),
    *("--generator.width", "8", "--critic.width", "2", "--train.batch_size", "4"),
    *("--log.trackers", "[tensorboard]", "--log.preview_every", "0", "--log.critic_every", "0"),
]


def folders(path):
    return sorted(each.name for each in path.iterdir())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run on a picture per class, one step long and resumed for another."""
    folder = tmp_path_factory.mktemp("named")
    for number, name in enumerate(NAMES):
        path = folder / "pictures" / name / "0.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(np.full((8, 8, 3), number, np.uint8)).save(path)
    classes = json.dumps(NAMES, ensure_ascii=False)
    data = ["--data.path", str(folder / "pictures"), "--data.classes", classes]
    directory = ["--run-dir", str(folder / "run")]
    main(["train", *OPTIONS, *data, *directory, "--train.steps", "1"])
    main(["train", "--resume", "auto", *directory, "--train.steps", "2"])
    return folder / "run"


def test_a_run_and_what_goes_on_from_it_know_their_classes(run, capfd):
    loaded = load(run, device="cpu")
    assert loaded.step == 2
    assert loaded.classes == sorted(NAMES)
    assert loaded.config.data.classes == NAMES
    assert len(loaded.data) == len(NAMES)
    assert "failed" not in capfd.readouterr().err


def test_samples_lie_in_a_folder_of_each_name(run, tmp_path):
    # A folder that is carried to another system must not fall apart there.
    names = [name for name in NAMES if "\\" not in name]
    labels = [f"--label={','.join(name for name in names if ',' not in name)}"]
    command = ["generate", str(run), "--out", f"{tmp_path}/all/"]
    main([*command, "--seeds", f"0-{len(names) - 3}", *labels])
    assert folders(tmp_path / "all") == sorted(n for n in names if "," not in n)


@pytest.mark.parametrize("name", ["😀", "a,b", " spaces ", *BYTES[:2]])
def test_a_label_chooses_a_class_by_its_name(run, tmp_path, name):
    main(["generate", str(run), "--out", f"{tmp_path}/one/", "--seeds", "0-1", f"--label={name}"])
    assert folders(tmp_path / "one") == [name]


def test_an_exported_folder_and_its_card_keep_the_names(run, tmp_path):
    main(["export", str(run), "--out", f"{tmp_path}/folder/"])
    assert load(tmp_path / "folder", device="cpu").classes == sorted(NAMES)
    for name in ("config.json", "card.json", "README.md"):
        assert "😀" in (tmp_path / "folder" / name).read_text("utf-8")
    found = json.loads((tmp_path / "folder" / "card.json").read_text("utf-8"))
    assert list(found["inputs"]["labels"]["classes"].values()) == sorted(NAMES)
    loaded = load(run, device="cpu")
    again = json.loads(json.dumps(card(loaded.config, loaded.classes)))
    assert list(again["inputs"]["labels"]["classes"].values()) == sorted(NAMES)


def test_packed_videos_keep_the_names_of_their_folders(tmp_path):
    for name in NAMES:
        path = tmp_path / "videos" / name / "0.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(np.zeros((8, 8 * 16, 3), np.uint8)).save(path)
    settings = {"labels": "folders", "resolution": 8, "workers": 1}
    prepare(tmp_path / "videos", tmp_path / "packed", **settings)
    clips = PackedClips(tmp_path / "packed", num_frames=16)
    assert clips.labels == sorted(NAMES) and len(clips) == len(NAMES)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_name_of_any_bytes_is_printed(encoding):
    code = "from tgan.cli import print_any_text; print_any_text(); print('a\\udcffb\\u732b')"
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    expected = {"utf-8": b"a\xffb\xe7\x8c\xab\n", "ascii": b"a\xffb\\u732b\n"}
    assert out.stdout == expected[encoding], out.stderr
