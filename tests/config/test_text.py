import json
import random

import pytest
import yaml

from tests.made.class_names import NAMES
from tgan.config import Config, DataConfig
from tgan.config.reading import (
    dump_config,
    experiment_parser,
    make_config,
    parse_config,
    read_experiment,
)
from tgan.config.text import join_pairs, shown, unveil, veil

# The reader that is written in C, which is stricter, where there is one.
FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def images(classes):
    return Config(data=DataConfig(name="images", path="p", num_frames=1, classes=classes))


@pytest.mark.parametrize("plane", range(17))
def test_every_character_of_a_plane_survives_a_veil_that_yaml_reads(plane):
    for first in range(plane << 16, (plane + 1) << 16, 0x400):
        text = "".join(map(chr, range(first, first + 0x400))).replace("\r", "")
        hidden = veil(text)
        assert unveil(hidden) == text
        hidden.encode()
        quoted = json.dumps(hidden, ensure_ascii=False)
        assert yaml.load(quoted, Loader=FAST) == hidden  # noqa: S506


def test_a_plain_text_is_left_as_it_is():
    for text in ["", "cat", "naïve", "猫", "😀", "a\tb\nc"]:
        assert veil(text) == text


def test_names_of_classes_come_back_equal_from_yaml_json_and_the_command_line():
    expected = images(NAMES)
    assert parse_config(dump_config(expected)) == expected
    as_json = json.dumps({"data": {"classes": NAMES}}).replace("\x7f", "\\u007f")
    assert parse_config(as_json, source="JSON").data.classes == [join_pairs(n) for n in NAMES]
    options = [f"--data.classes={json.dumps(NAMES, ensure_ascii=False)}"]
    options += ["--data.name=images", "--data.path=p", "--data.num_frames=1"]
    assert read_experiment(experiment_parser("test", "", ""), options)[0] == expected


def test_random_texts_survive_as_names_and_as_paths():
    rng = random.Random(0)
    odd = [ord(sign) for sign in " \t\n'\"\\:#-,[]{}&*!|>%@`\x7f\x85\u2028\udc80\udcff"]
    for _ in range(10):
        codes = [rng.choice([*odd, rng.randrange(1, 0x110000)]) for _ in range(30)]
        text = join_pairs("".join(map(chr, codes)))
        config = images([text, f"{text}2"])
        config.data.path = text
        assert parse_config(dump_config(config)) == config


@pytest.mark.parametrize("path", ["~", "null", "#1", "1", "a # b", "'", '"', "[a]", "a: b"])
def test_a_path_is_a_text_whatever_yaml_would_make_of_it(path):
    config = images([])
    config.data.path = path
    assert parse_config(dump_config(config)) == config
    assert make_config(config, {"data.held_out_path": path}).data.held_out_path == path


def test_two_escapes_of_json_are_one_character_and_two_written_out_stay_text():
    assert join_pairs("\ud83d\ude00") == "😀"
    assert join_pairs("\udcff\ud83d") == "\udcff\ud83d"
    assert join_pairs("\\ud83d\\ude00") == "\\ud83d\\ude00"


def test_an_error_names_a_value_as_it_was_given():
    with pytest.raises(ValueError, match="train.steps: '\udcff' is not a whole number"):
        read_experiment(experiment_parser("test", "", ""), ["--train.steps=\udcff"])


def test_names_are_shown_in_one_line_that_is_utf8():
    assert shown("two 😀 cats") == "two 😀 cats"
    for name in NAMES:
        assert shown(name).encode() and len(shown(name).splitlines()) == 1
