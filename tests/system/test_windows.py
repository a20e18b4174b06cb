"""What Windows refuses, simulated: folders and checkpoints are written, and folders locked."""

import importlib.util
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.made.windows import (
    fake_msvcrt,
    refuse_folders_and_readers,
    refuse_to_delete_what_is_open,
)
from tgan.data.packed.index import put_in_place
from tgan.system import lock
from tgan.system.files import flush_file, flush_folder, write_whole, write_whole_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="simulates Windows on Linux")


@pytest.fixture
def windows(monkeypatch):
    refuse_folders_and_readers(monkeypatch)
    refuse_to_delete_what_is_open(monkeypatch)


def test_the_simulation_refuses_what_windows_refuses(windows, tmp_path):
    (tmp_path / "a").write_text("a")
    with pytest.raises(PermissionError):
        os.open(tmp_path, os.O_RDONLY)
    with (tmp_path / "a").open() as file:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fsync(file.fileno())
        with pytest.raises(PermissionError):
            (tmp_path / "a").unlink()


def test_files_and_folders_are_written(windows, tmp_path):
    write_whole(tmp_path / "a", lambda part: part.write_text("first"))
    write_whole(tmp_path / "a", lambda part: part.write_text("second"))
    assert (tmp_path / "a").read_text() == "second"
    for content in ("first", "second"):
        with write_whole_folder(tmp_path / "folder", replace=True) as part:
            (part / "file").write_text(content)
    assert (tmp_path / "folder" / "file").read_text() == "second"
    (tmp_path / "temporary").write_text("third")
    put_in_place(tmp_path / "temporary", tmp_path / "a")
    assert (tmp_path / "a").read_text() == "third"


def test_what_can_be_flushed_is(tmp_path, monkeypatch):
    flushed = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_ino))
    (tmp_path / "a").write_text("a")
    flush_file(tmp_path / "a")
    flush_folder(tmp_path)
    assert flushed == [(tmp_path / "a").stat().st_ino, tmp_path.stat().st_ino]


def test_a_disk_that_fails_is_not_passed_over(tmp_path, monkeypatch):
    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    (tmp_path / "a").write_text("a")
    for flush, path in ((flush_file, tmp_path / "a"), (flush_folder, tmp_path)):
        with pytest.raises(OSError, match="Input/output"):
            flush(path)


@pytest.fixture
def lock_of(monkeypatch):
    """The module of locks as it is imported where only `msvcrt`, or nothing, locks."""

    def load(msvcrt):
        monkeypatch.setitem(sys.modules, "fcntl", None)
        monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
        spec = importlib.util.spec_from_file_location("lock_elsewhere", lock.__file__)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_a_folder_is_locked_by_a_byte_behind_its_holders_name(windows, tmp_path, lock_of):
    msvcrt = fake_msvcrt()
    elsewhere = lock_of(msvcrt)
    for _ in range(2):
        with elsewhere.locked(tmp_path / "run"):
            expected = f"process {os.getpid()} on .* is at work on"
            with (
                pytest.raises(elsewhere.AtWork, match=expected),
                elsewhere.locked(tmp_path / "run"),
            ):
                pass
            (tmp_path / "run" / "made").touch()
        assert [path.name for path in (tmp_path / "run").iterdir()] == ["made"]
    assert set(msvcrt.places) == {2**30}


def test_without_any_lock_a_folder_is_not_kept(tmp_path, lock_of):
    elsewhere = lock_of(None)
    with elsewhere.locked(tmp_path / "run"), elsewhere.locked(tmp_path / "run"):
        (tmp_path / "run" / "made").touch()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["made"]


EVERYTHING = """
    import importlib, os, pkgutil, signal, sys
    import accelerate, av, imageio, jsonargparse, scipy, sklearn, torch, torchvision  # as they are

    for name in ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty"):
        sys.modules[name] = None
    for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU", "SIGKILL", "SIGALRM", "SIGQUIT"):
        delattr(signal, name)
    for name in ("pthread_sigmask", "SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK", "sigwait"):
        delattr(signal, name)
    for name in ("fork", "sysconf", "sched_getaffinity", "killpg", "getuid", "setsid", "getpgid"):
        delattr(os, name)

    import tgan
    for found in pkgutil.walk_packages(tgan.__path__, "tgan."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
    from tgan.training.stopping import STOPS
    assert set(STOPS) == {signal.SIGINT, signal.SIGTERM}, STOPS
"""


@pytest.mark.slow
def test_every_module_is_imported_where_there_is_no_posix(tmp_path):
    root = Path(lock.__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    code = textwrap.dedent(EVERYTHING)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
