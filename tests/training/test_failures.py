"""Runs that fail as docs/troubleshooting.md says, by its own commands, and are told so."""

import re
import shlex

import pytest

from tests.conftest import ROOT
from tgan.cli import main
from tgan.training.signs import EXPLODED, SIGNS, VANISHED

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text()
TOLD = {
    "equal": [SIGNS["alike"].text, SIGNS["still"].text, SIGNS["saturated"].text],
    "grey": [SIGNS["alike"].text, SIGNS["still"].text],
    "copies": [SIGNS["copies"].text],
    "dull": [VANISHED],
    "steep": [EXPLODED],
}


def commands():
    """The arguments of each command of the page, by the name of its run."""
    lines = PAGE.replace("\\\n", " ").splitlines()
    (small,) = (line.removeprefix('SMALL="').rstrip('"') for line in lines if 'SMALL="' in line)
    found = [
        shlex.split(line.replace("$SMALL", small))[1:]
        for line in lines
        if line.startswith("tgan train") and "--run-dir" in line
    ]
    return {command[-1].removeprefix("runs/"): command for command in found}


def test_every_picture_has_its_command_and_its_sign():
    assert commands().keys() == TOLD.keys()
    pictures = re.findall(r"\]\((trouble_(\w+)\.png)\)", PAGE)
    assert {name for _, name in pictures} == TOLD.keys()
    files = [ROOT / "docs" / file for file, _ in pictures]
    assert sum(path.stat().st_size for path in files) < 400_000


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", TOLD)
def test_a_failure_is_told_within_its_run(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    main([*commands()[name], "--log.critic_every=0", "--log.distance_clips=0"])
    told = capsys.readouterr().err
    for line in TOLD[name]:
        assert f"warning: {line}" in told
