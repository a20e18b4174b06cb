import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.made.numbered_videos import write_video
from tgan.cli import run

TOOL = Path(__file__).parents[2] / "tools" / "prepare.py"


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    root = tmp_path_factory.mktemp("videos")
    for name, count in {"a/one.mp4": 40, "a/two.mkv": 30, "b/three.mp4": 10}.items():
        write_video(root / name, count)
    (root / "b" / "bad.mp4").write_text("hello\n" * 100)
    (root / "notes.txt").touch()
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def prepare(*arguments) -> int:
    """Exit status of `tgan prepare`."""
    try:
        run("prepare", [str(argument) for argument in arguments])
    except SystemExit as end:
        return end.code
    return 0


def test_the_summary_counts_and_names(videos, tmp_path, capsys):
    assert prepare(videos, "--out", tmp_path / "out", "--labels", "folders", "--workers", 2) == 0
    printed = capsys.readouterr()
    kept = "2 videos kept (70 frames of 64x64x3, 0.9 MB), 2 classes, 1 skipped, 1 too short"
    assert printed.out == (
        "classes: a (2), b (0)\n"
        "5 files: 2 taken, 1 skipped, 1 too short, 1 ignored (1 .txt)\n"
        f"{tmp_path / 'out'}: {kept}\n"
    )
    name = videos.name
    assert f"skipped {name}/b/bad.mp4: not a video that FFmpeg can open" in printed.err
    assert f"too short {name}/b/three.mp4: 10 frames, fewer than --min-frames 16" in printed.err
    assert prepare(videos, "--out", tmp_path / "out", "--labels", "folders") == 0
    assert "is complete already, nothing to do: 2 videos" in capsys.readouterr().out
    one = [videos, "--out", tmp_path / "one", "--labels", "folders", "--only", "a/one*"]
    assert prepare(*one, "--min-frames", 1, "--stride", 99) == 0
    assert "1 video kept (1 frame of 64x64x3, 0.0 MB), 1 class, 0 sk" in capsys.readouterr().out


def test_rates_are_told_and_made_one(tmp_path, capsys):
    for fps in (10, 24):
        write_video(tmp_path / "videos" / f"{fps}.mp4", 2 * fps, fps=fps)
    assert prepare(tmp_path / "videos", "--out", tmp_path / "mixed", "--resolution", 8) == 0
    assert "note: videos of 10 to 24 frames a second are mixed" in capsys.readouterr().err
    one = [tmp_path / "videos", "--out", tmp_path / "one", "--resolution", 8, "--fps", 12]
    assert prepare(*one) == 0
    assert capsys.readouterr().err.count("note: 2 videos resampled to one rate") == 1
    content = json.loads((tmp_path / "one" / "index.json").read_text())
    assert content["settings"]["fps"] == 12
    assert [(video["frames"], video["fps"]) for video in content["videos"]] == [(24, 12)] * 2
    assert prepare(*one[:-1], 0) == 2
    assert "fps must be 0.1 to 1000, not 0.0" in capsys.readouterr().err


def test_every_option_reaches_the_index(videos, tmp_path):
    split = tmp_path / "trainlist01.txt"
    split.write_text("a/one.mp4 1\nb/three.mp4 2\n")
    options = "--resolution 8 --channels 1 --stride 2 --min-frames 5 --aspect stretch --workers 1"
    out = tmp_path / "out"
    assert prepare(videos, "--out", out, "--split", split, *options.split()) == 0
    index = json.loads((out / "index.json").read_text())
    assert index["settings"] == {
        "resolution": 8,
        "channels": 1,
        "stride": 2,
        "min_frames": 5,
        "aspect": "stretch",
        "loop": None,
        "fps": None,
    }
    assert [(video["frames"], video["label"]) for video in index["videos"]] == [(20, 0), (5, 1)]
    assert index["labels"] == ["a", "b"]
    assert np.load(out / "shard-00000.npy").shape == (25, 8, 8, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: SOURCE, --out"),
        (["{v}", "--out", "{o}", "--resolution", "0"], "resolution must be from 1 to 4,096, not 0"),
        (["{v}", "--out", "{o}", "--channels", "4"], "invalid choice: 4"),
        (["{v}", "--out", "{o}", "--workers", "0"], "workers must be from 1 to 1,024, not 0"),
        (["{v}", "--out", "{o}", "--labels", "csv"], "labels 'csv' and labels_file go together"),
        (["{v}", "--out", "{o}", "--labels-file", "x"], "labels 'csv' and labels_file go together"),
        (["{v}", "--out", "{o}", "--labels", "npz"], "labels 'npz' and labels_key go together"),
        (["{v}", "--out", "{o}", "--labels-key", "x"], "labels 'npz' and labels_key go together"),
        (["{v}", "--out", "{o}", "--labels", "npz", "--labels-key", "x"], "is in no .npz file"),
        (["{v}", "--out", "{o}", "--loop", "0"], "loop must be from 1 to 1,000,000, not 0"),
        (
            ["{v}", "--out", "{o}", "--loop", "99999999999"],
            "loop must be from 1 to 1,000,000",
        ),
        (["{v}", "--out", "{o}", "--stride", "9" * 30], "stride must be from 1 to 1,000,000, not"),
        (["{v}", "--out", "{o}", "--workers", "9" * 30], "workers must be from 1 to 1,024, not"),
        (["--verify", "{o}"], "is not a packed folder: it has no index.json"),
        (["{v}", "--verify", "{o}"], "--verify FOLDER stands alone"),
        (["--verify", "{o}", "--strict"], "--verify FOLDER stands alone"),
        (["{v}", "--out", "{o}", "--only", "a/*", "c/*"], "only 'c/*' fits none of the 5 files"),
        (["{v}", "--out", "{o}", "--exclude", "*"], "leave none of the 5 files"),
        (["{v}", "--out", "{o}", "--rows", "0-3"], "rows are for .npy and .npz files alone"),
        (["{v}", "--out", "{o}", "--rows", "3-0"], "--rows '3-0': the range 3-0 runs backwards"),
        (["{v}", "--out", "{v}/packed"], "lies inside the source"),
        (["{v}", "--out", "{v}"], "lies inside the source"),
        (["{v}/gone", "--out", "{o}"], "no such file or folder"),
        (["{v}", "--out", "{o}", "--split", "{v}/gone.txt"], "cannot read"),
        (["{v}", "--out", "{o}", "--strict"], "b/bad.mp4: not a video that FFmpeg can open"),
    ],
)
def test_mistakes_end_in_one_line(videos, tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    filled = [argument.format(v=videos, o=out) for argument in arguments]
    assert prepare(*filled) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("tgan prepare: ") and printed.count("\n") == 1
    assert message in printed
    assert not (out / "index.json").exists()


def test_a_packed_folder_is_verified(videos, tmp_path, capsys):
    out = tmp_path / "out"
    assert prepare(videos, "--out", out, "--resolution", "8", "--workers", "1") == 0
    capsys.readouterr()
    assert prepare("--verify", out) == 0
    assert capsys.readouterr().out == f"{out}: 1 shard, 70 frames, as they were packed\n"
    shard = out / "shard-00000.npy"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.write_bytes(content)
    assert prepare("--verify", out) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and "is not what was packed: shard-00000.npy" in printed


def tool(*arguments, **options):
    command = [sys.executable, str(TOOL), *map(str, arguments)]
    return subprocess.Popen(command, text=True, stderr=subprocess.PIPE, **options)


def test_help_and_preparing_import_no_torch(videos, tmp_path):
    script = (
        "import sys\nfrom tgan.cli import run\n"
        f"run('prepare', [{str(videos)!r}, '--out', {str(tmp_path / 'out')!r}])\n"
        "assert 'torch' not in sys.modules\n"
        "run('prepare', ['--help'])\n"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "examples:" in result.stdout and "--min-frames" in result.stdout


@pytest.fixture(scope="module")
def long_videos(tmp_path_factory):
    """Enough work that a signal arrives in the middle of it."""
    root = tmp_path_factory.mktemp("long")
    noise = list(np.random.default_rng(0).integers(0, 256, (200, 256, 256, 3), dtype=np.uint8))
    first = write_video(root / "0.avi", noise, codec="mpeg4", options={"b": "8000000"})
    for number in range(1, 8):
        (root / f"{number}.avi").write_bytes(first.read_bytes() + bytes(number))
    return root


@pytest.fixture(scope="module")
def packed(long_videos, tmp_path_factory):
    """What becomes of `long_videos` without a break."""
    out = tmp_path_factory.mktemp("packed")
    assert prepare(long_videos, "--out", out) == 0
    return contents(out)


def wait_for_part(out: Path, process: subprocess.Popen) -> None:
    while not list((out / ".parts").glob("0*.json")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.002)


def give_way() -> None:
    # The tool must not finish before this test notices, however busy the machine.
    os.nice(19)


def workers_of(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in children.read_text().split()] if children.exists() else []


def wait_for_end(pids: list[int]) -> bool:
    """Whether all processes end within seconds; a zombie has ended."""

    def is_running(pid: int) -> bool:
        try:
            return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    deadline = time.monotonic() + 10
    while any(map(is_running, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_resumes_to_the_same_bytes(long_videos, packed, tmp_path, sent):
    out = tmp_path / "out"
    arguments = {"start_new_session": True, "preexec_fn": give_way}
    process = tool(long_videos, "--out", out, "--workers", 2, **arguments)
    wait_for_part(out, process)
    workers = workers_of(process.pid)
    # Ctrl-C goes to the workers too.
    (os.killpg if sent == signal.SIGINT else os.kill)(process.pid, sent)
    error = process.communicate()[1]
    assert process.returncode == (130 if sent == signal.SIGINT else -sent)
    if sent == signal.SIGINT:
        line = "tgan prepare: interrupted; give the same command again to go on\n"
        assert error == line
    assert wait_for_end(workers)
    assert not (out / "index.json").exists()
    done = len(list((out / ".parts").glob("0*.json")))
    assert 1 <= done < 8
    assert prepare(long_videos, "--out", out, "--workers", 1) == 0
    assert contents(out) == packed


def test_a_file_that_cannot_grow_ends_in_one_line(videos, tmp_path):
    out = tmp_path / "out"

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    process = tool(videos, "--out", out, preexec_fn=limit)
    error = process.communicate()[1]
    assert process.returncode == 1
    assert error.count("\n") == 1
    assert "File too large while packing" in error and "a/one.mp4 to " in error
    assert not (out / "index.json").exists()
    assert not list((out / ".parts").glob("*.tmp-*"))
    assert prepare(videos, "--out", out) == 0
    assert prepare(videos, "--out", tmp_path / "whole") == 0
    assert contents(out) == contents(tmp_path / "whole")


def test_files_respect_the_umask(videos, tmp_path):
    old = os.umask(0o027)
    try:
        assert prepare(videos, "--out", tmp_path / "out") == 0
    finally:
        os.umask(old)
    assert {oct(p.stat().st_mode & 0o777) for p in (tmp_path / "out").iterdir()} == {"0o640"}


def test_weizmann_strips(shared, tmp_path):
    # Counts from the data's own README: 5290 frames over 72 strips, 64 of them here.
    source, out = shared("datasets/weizmann/actions"), tmp_path / "out"
    assert prepare(source, "--out", out, "--labels", "folders", "--strips") == 0
    index = json.loads((out / "index.json").read_text())
    assert index["labels"] == ["0", "1", "3", "4"]
    assert len(index["videos"]) == 64 and index["skipped"] == index["too_short"] == []
    assert all(51 <= video["frames"] <= 146 for video in index["videos"])
    # Strip n + 1 is the mirror image of an even strip n.
    frames = np.load(out / "shard-00000.npy", mmap_mode="r")
    first, second = index["videos"][:2]
    one = frames[first["offset"] :][: first["frames"]]
    two = frames[second["offset"] :][: second["frames"]]
    np.testing.assert_array_equal(one, two[:, :, ::-1])


def test_rows_of_an_archive_are_looped(tmp_path, capsys):
    video = np.random.default_rng(0).integers(0, 256, (6, 5, 16, 16, 3), np.uint8)
    np.savez_compressed(tmp_path / "a.npz", video=video, kind=[3, 3, 4, 4, 5, 5])
    options = ["--labels", "npz", "--labels-key", "kind", "--rows", "1,4-5", "--loop", 12]
    common = [tmp_path / "a.npz", "--resolution", 16, "--min-frames", 12, "--out", tmp_path / "out"]
    assert prepare(*common, *options) == 0
    index = json.loads((tmp_path / "out" / "index.json").read_text())
    assert [(v["source"], v["frames"]) for v in index["videos"]] == [
        (f"a.npz[{row}]", 12) for row in (1, 4, 5)
    ]
    assert index["settings"]["loop"] == 12
    assert [index["labels"][v["label"]] for v in index["videos"]] == ["3", "5", "5"]
    frames = np.load(tmp_path / "out" / "shard-00000.npy").reshape(3, 12, 16, 16, 3)
    np.testing.assert_array_equal(frames, video[[1, 4, 5]][:, [0, 1, 2, 3, 4] * 2 + [0, 1]])
    # Other rows or another loop need another folder.
    assert prepare(*common, *options[:-2]) == 2
    assert (
        "not from this: loop was 12 and is None; choose another folder" in capsys.readouterr().err
    )
    options[5] = "0,4-5"
    assert prepare(*common, *options) == 2
    assert "other video files or labels" in capsys.readouterr().err
