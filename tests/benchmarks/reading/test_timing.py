"""Times of reading: of the right things, and back to the threads of before."""

import pytest
import torch

from tgan.benchmarks.reading import timing
from tgan.cli import main


def test_times_are_of_each_frame_and_clip(two_videos):
    spent = timing.time_prepare(two_videos, resolution=16, rounds=2)
    assert list(spent) == ["PyAV, frame.reformat", "PyAV, one reformatter", "tgan prepare"]
    assert all(len(times) == 2 and times[0].clock > 0 for times in spent.values())
    threads = torch.get_num_threads()
    clips = timing.time_clips(two_videos, resolution=16, num_frames=16, threads=3, seconds=0.05)
    assert list(clips) == ["decoded, 1 thread", "decoded, 3 threads", "2 of 2 videos kept"]
    assert torch.get_num_threads() == threads


def test_what_is_counted_divides_the_times(monkeypatch):
    clock = iter([10.0, 16.0])
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    spent = iter([1.0, 5.0])
    monkeypatch.setattr(timing, "_processor", lambda: next(spent))
    assert timing._time(lambda: 4) == timing.Spent(processor=1.0, clock=1.5)


def test_the_command_prints_a_line_for_each_way(two_videos, capsys):
    folder = str(two_videos)
    main(["benchmark-reading", folder, "--rounds", "1", "--resolution", "16", "--seconds", "0.05"])
    lines = capsys.readouterr().out.splitlines()
    assert [line[:12] for line in lines[3:]] == [
        *("PyAV, frame.", "PyAV, one re", "tgan prepare"),
        *("decoded, 1 t", "decoded, 2 t", "2 of 2 video"),
    ]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--rounds", "0"], "--rounds 0 is below 1"),
        ([], "no such file or folder"),
    ],
)
def test_mistakes_are_told_in_a_line(tmp_path, capsys, argv, message):
    with pytest.raises(SystemExit):
        main(["benchmark-reading", str(tmp_path / "nowhere"), *argv])
    assert message in capsys.readouterr().err
