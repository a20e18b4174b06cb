"""Videos at one rate: which frame is shown at each tick."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.made.numbered_videos import numbered_frame, numbers, write_video
from tgan.data.videos.decode import DecodeError, Recording, read_video
from tgan.data.videos.frames import Fitter
from tgan.data.videos.rates import MAX_STILL, Paced
from tgan.data.videos.strips import read_strip


def recording(times, *, fps=None, unit=Fraction(1, 1000), duration=0):
    """Frames whose format tells nothing and whose times, in units, are given; None has no time."""
    frames = []
    for time in times:
        frame = av.VideoFrame(16, 16, "rgb24")
        frame.pts, frame.time_base, frame.duration = time, unit, duration
        frames.append(frame)
    return frames, Recording(iter(frames), fps)


def shown(times, target, **facts):
    """Numbers of the frames that are shown at each tick, and what read them."""
    frames, source = recording(times, **facts)
    paced = Paced(source, target, Path("a.mp4"))
    order = {id(frame): number for number, frame in enumerate(frames)}
    return [order[id(frame)] for frame in paced], paced


def by_definition(times, rate, end, early):
    """At tick k the last frame whose time has come, or comes in less than `early`."""
    count = max(int(end * rate + Fraction(1, 2)), 1)
    return [max(n for n, time in enumerate(times) if time < k / rate + early) for k in range(count)]


@pytest.mark.parametrize("rate", [Fraction(1), Fraction(8), Fraction(24), Fraction(30000, 1001)])
@pytest.mark.parametrize("seed", range(6))
def test_each_tick_shows_what_it_should(rate, seed):
    rng = np.random.default_rng(seed)
    times = np.concatenate([[0], np.cumsum(rng.integers(1, 200, 40))]).tolist()
    found, paced = shown([time + 7000 for time in times], float(rate), fps=10, duration=40)
    seconds = [Fraction(time, 1000) for time in times]
    end = seconds[-1] + Fraction(40, 1000)
    assert found == by_definition(seconds, rate, end, min(Fraction(1, 20), 1 / rate / 2))
    assert paced.fps == pytest.approx(float(rate))
    assert paced.remarks == ["resampled"]


def test_a_video_at_its_own_rate_is_left_as_it_is():
    # Rounded to milliseconds, as Matroska does.
    times = [round(1000 * number / 24) for number in range(100)]
    found, paced = shown(times, 24, fps=24)
    assert found == list(range(100))
    assert (paced.fps, paced.remarks) == (24, [])


def test_half_the_rate_keeps_every_second_frame_and_twice_repeats_each():
    times = [40 * number for number in range(20)]
    assert shown(times, 50, fps=25)[0] == [number for number in range(20) for _ in range(2)]
    assert shown(times, 12.5, fps=25)[0] == list(range(0, 20, 2))


def test_frames_without_times_have_those_of_the_rate():
    found, paced = shown([None] * 20, 5, fps=10)
    assert found == list(range(0, 20, 2))
    assert paced.remarks == ["resampled"]
    found, paced = shown([0, None, None, 300], 10, fps=10)
    assert found == [0, 1, 2, 3]
    assert shown([None, 5100, None, 5300], 10, fps=10)[0] == [0, 1, 2, 3]


def test_without_times_or_rate_every_frame_is_taken_and_that_is_told():
    found, paced = shown([None] * 7, 5)
    assert found == list(range(7))
    assert (paced.fps, paced.remarks) == (None, ["no rate"])


def test_frames_whose_times_go_back_follow_each_other():
    found, _ = shown([0, 100, 50, 60, 400], 10, fps=10)
    assert found == [0, 1, 2, 3, 4]
    assert shown([0, 900, 1000], 10, fps=1)[0] == [0] * 9 + [1] + [2] * 10


def test_one_frame_is_a_picture_however_short():
    assert shown([0], 1, duration=10)[0] == [0]
    assert shown([], 1)[0] == []


def test_a_damaged_time_does_not_fill_the_disk():
    seconds = MAX_STILL + 1
    with pytest.raises(DecodeError, match=f"a.mp4: one frame is shown for {seconds} seconds"):
        shown([0, 1000, 1000 * (seconds + 1)], 10)
    assert len(shown([0, 1000, 1000 * MAX_STILL], 1)[0]) >= MAX_STILL


@pytest.mark.parametrize("fps", [None, 25])
def test_without_a_target_every_frame_is_taken_once(fps):
    found, paced = shown([0, 40, 80, 400, 440], None, fps=fps)
    assert found == list(range(5))
    # The rate is that of the times, as they are so uneven; the last frame's 40 ms are as usual.
    assert paced.remarks == ["variable"]
    assert paced.fps == pytest.approx(5 / 0.48 if fps else 4 / 0.44)
    # Two seconds are not: what moves is faster.
    assert shown([0, 40, 80, 120], None, fps=fps, duration=2000)[1].fps == (fps or 25)


def test_the_rate_is_that_of_the_times_where_the_stated_one_is_another():
    # In milliseconds, as Matroska has them: 30 frames a second to rounding.
    times = [0, 33, 67, 100, 133]
    for stated, known in {
        30: 30,
        29.97: 29.97,
        None: 4 / 0.133,
        25: 4 / 0.133,
        60: 4 / 0.133,
    }.items():
        found, paced = shown(times, None, fps=stated)
        assert (found, paced.remarks) == (list(range(5)), [])
        assert paced.fps == pytest.approx(known, rel=1e-12)
    assert shown([None] * 5, None, fps=25)[1].fps == 25
    assert shown([5], None, fps=25)[1].fps == 25


def test_real_files_of_several_rates_last_as_long_as_before(tmp_path):
    for fps in (10, 24, 30):
        path = write_video(tmp_path / f"{fps}.mp4", 2 * fps, fps=fps)
        frames = list(Paced(read_video(path), 12, path))
        found = numbers(map(Fitter(32), frames))
        assert len(found) == 24
        np.testing.assert_allclose(np.array(found) / fps, np.arange(24) / 12, atol=0.501 / fps)


@pytest.mark.parametrize("ending", ["avi", "mp4", "mkv", "mpg"])
def test_frames_that_are_stored_out_of_order_have_their_times(tmp_path, ending):
    # As in UCF-101's and HMDB-51's files: AVI, MPEG-4, frames that depend on later ones.
    codec = "mpeg2video" if ending == "mpg" else "mpeg4"
    path = write_video(tmp_path / f"a.{ending}", 48, codec=codec, fps=24, options={"bf": "2"})
    same = Paced(read_video(path), 24, path)
    assert numbers(map(Fitter(32), same)) == list(range(48))
    plain = Paced(read_video(path), None, path)
    assert numbers(map(Fitter(32), plain)) == list(range(48))
    assert same.remarks == plain.remarks == []
    half = Paced(read_video(path), 12, path)
    assert numbers(map(Fitter(32), half)) == list(range(0, 48, 2))


def test_real_videos_that_are_stored_out_of_order(shared):
    path = shared("datasets/real_videos") / "ucf101" / "v_ApplyEyeMakeup_g01_c01.avi"
    times = [frame.pts for frame in read_video(path).frames]
    assert set(np.diff([time for time in times if time is not None])) == {1}
    frames = list(Paced(read_video(path), 25, path))
    assert len(frames) == len(times) == 164 and len({id(frame) for frame in frames}) == 164


@pytest.mark.parametrize("target", [None, 100])
def test_a_gif_of_uneven_delays_keeps_its_time(tmp_path, target):
    # FFmpeg states 12.5 frames a second for these.
    first, *rest = [Image.fromarray(numbered_frame(number)) for number in range(12)]
    path = tmp_path / "a.gif"
    first.save(path, save_all=True, append_images=rest, duration=[70, 100] * 6)
    paced = Paced(read_video(path), target, path)
    count = len(list(paced))
    assert (count, paced.fps) == ((102, 100) if target else (12, pytest.approx(12 / 1.02)))


@pytest.mark.parametrize("ending", ["webp", "png", "gif"])
def test_animations_have_the_times_of_their_frames(tmp_path, ending):
    first, *rest = [Image.fromarray(numbered_frame(number)) for number in range(4)]
    durations = [100, 300, 100, 100]
    path = tmp_path / f"a.{ending}"
    first.save(path, save_all=True, append_images=rest, duration=durations, lossless=True)
    read = read_video if ending == "gif" else read_strip
    found = numbers(map(Fitter(32), Paced(read(path), 10, path)))
    assert found == [0, 1, 1, 1, 2, 3]
    plain = Paced(read(path), None, path)
    assert numbers(map(Fitter(32), plain)) == [0, 1, 2, 3]
    assert plain.remarks == ["variable"] and plain.fps == pytest.approx(4 / 0.6)
