import argparse

import pytest

from tgan.cli import Parser
from tgan.cli.options import add_device, add_overwrite, add_weights, at_least, between, names


def parse(kind, text, capsys):
    """What an option of a type makes of a text, or the message."""
    parser = Parser(prog="tgan test")
    parser.add_argument("--option", type=kind)
    try:
        return parser.parse_args([f"--option={text}"]).option
    except SystemExit as exit_:
        assert exit_.code == 2
        return capsys.readouterr().err


def test_numbers_are_whole_and_in_range(capsys):
    assert parse(at_least(1), "7", capsys) == 7 and parse(between(-3, 5), "-3", capsys) == -3
    for kind, text, limits in (
        (at_least(1), "0", "from 1 on"),
        (at_least(1), "1.5", "from 1 on"),
        (between(2, 9), "10", "from 2 to 9"),
        (between(2, 9), "two", "from 2 to 9"),
    ):
        message = parse(kind, text, capsys)
        assert f"argument --option: '{text}' is no whole number {limits}" in message


def test_names_have_commas_between(capsys):
    assert parse(names, "a, b,a", capsys) == ["a", "b"]
    for text in ("", "a,", "a,,b"):
        assert f"--option: '{text}'; names with commas" in parse(names, text, capsys)


def test_shared_options_have_their_defaults():
    parser = argparse.ArgumentParser()
    for add in (add_device, add_weights, add_overwrite):
        add(parser)
    assert vars(parser.parse_args([])) == {"device": "auto", "weights": "auto", "overwrite": False}
    found = vars(parser.parse_args(["--device", "cuda:1", "--weights", "average", "--overwrite"]))
    assert found == {"device": "cuda:1", "weights": "average", "overwrite": True}
    with pytest.raises(SystemExit):
        parser.parse_args(["--weights", "mean"])
