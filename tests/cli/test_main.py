import subprocess
import sys
from pathlib import Path

import pytest

from tgan.cli import COMMANDS, SMALLER, main

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


def test_a_tilde_that_a_shell_leaves_is_the_home_folder(monkeypatch, capsys, tmp_path):
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    given = ["--run-dir=~/a", "~/b", "~", "--data.path", "~/c=d", "--x=a~/b", "a=~/b", "~other/x"]
    with monkeypatch.context() as patch:
        patch.setattr("tgan.cli.train.main", lambda argv: print(*argv))
        main(["train", *given])
    home = str(tmp_path)
    expected = [f"--run-dir={home}/a", f"{home}/b", home, "--data.path", f"{home}/c=d"]
    assert capsys.readouterr().out.split() == [*expected, "--x=a~/b", "a=~/b", "~other/x"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_tool_and_help_with_examples(command):
    tool = TOOLS / f"{command.replace('-', '_')}.py"
    # Without torch, whose import takes a second.
    code = (
        "import runpy, sys; sys.modules['torch'] = None; "
        "runpy.run_path(sys.argv.pop(1), run_name='__main__')"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, tool, "--help"], capture_output=True, text=True, check=True
    )
    assert "examples:" in result.stdout


def test_what_commands_there_are_is_said_without_numpy():
    code = (
        "import sys; from tgan.cli import main; main(['--help']); "
        "heavy = {'torch', 'numpy', 'av', 'yaml'} & sys.modules.keys(); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("wrong\nvalue"), 2),
        (FileNotFoundError(2, "No such file", "x"), 2),
        (OSError(28, "No space left on device"), 1),
        (ArithmeticError("critic_loss is nan"), 1),
        (MemoryError("out of memory"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_what_goes_wrong_is_one_line_with_its_status(monkeypatch, capsys, error, status):
    def fail(argv):
        raise error

    monkeypatch.setattr("tgan.cli.generate.main", fail)
    with pytest.raises(SystemExit) as exit_:
        main(["generate"])
    shown = capsys.readouterr().err
    assert exit_.value.code == status
    assert shown.startswith("tgan generate: ") and shown.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_lack_of_memory_is_one_line_of_every_command(monkeypatch, capsys, command):
    def fail(argv):
        raise RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED\nat conv.cpp:12")

    monkeypatch.setattr(f"tgan.cli.{command.replace('-', '_')}.main", fail)
    with pytest.raises(SystemExit) as exit_:
        main([command])
    shown = capsys.readouterr().err
    assert exit_.value.code == 1 and shown.count("\n") == 1
    assert shown.startswith(f"tgan {command}: cuDNN error: CUDNN_STATUS_ALLOC_FAILED")


def test_what_would_need_less_memory_is_an_option_that_there_is(monkeypatch, capsys):
    for command in SMALLER:
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "--batch-size" in capsys.readouterr().out


def test_other_errors_of_a_library_keep_their_traceback(monkeypatch):
    def fail(argv):
        raise RuntimeError("a bug")

    monkeypatch.setattr("tgan.cli.generate.main", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["generate"])
