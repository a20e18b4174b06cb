import subprocess
import sys
from pathlib import Path

import pytest

from tgan.cli import COMMANDS, main

TOOLS = Path(__file__).parents[2] / "tools"


def test_help_lists_every_command(capsys):
    main(["--help"])
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


def test_an_unknown_command_is_one_line_with_a_suggestion(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["trian"])
    error = capsys.readouterr().err
    assert exit_.value.code == 2
    assert "did you mean 'train'?" in error and error.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_tool_and_help_with_examples(command):
    tool = TOOLS / f"{command.replace('-', '_')}.py"
    result = subprocess.run(
        [sys.executable, tool, "--help"], capture_output=True, text=True, check=True
    )
    assert "examples:" in result.stdout
