import pickle

import numpy as np
import pytest
import torch

from tgan.data.own.arrays import ArrayClips, from_array, from_list

OPEN = {"labels": None, "classes": None, "num_frames": None, "stride": 1}


def numbered(*lengths: int, side: int = 8) -> list[np.ndarray]:
    """Videos whose pixels are (video, frame, 0)."""
    videos = [np.zeros((length, side, side, 3), np.uint8) for length in lengths]
    for number, video in enumerate(videos):
        video[..., 0] = number
        video[..., 1] = np.arange(len(video))[:, None, None]
    return videos


def places(clip: np.ndarray) -> list[tuple[int, int]]:
    """The video and the frame of each frame of a clip, whose pixels all agree."""
    assert (clip == clip[:, :1, :1]).all()
    return [tuple(pixel) for pixel in clip[:, 0, 0, :2].tolist()]


@pytest.mark.parametrize(("num_frames", "stride"), [(1, 1), (4, 1), (3, 4), (9, 1), (5, 2)])
@pytest.mark.parametrize("kind", ["array", "list"])
def test_every_window_of_every_video(kind, num_frames, stride):
    videos = numbered(9, 9, 9) if kind == "array" else numbered(9, 14, 10)
    make = from_array if kind == "array" else from_list
    data = np.stack(videos) if kind == "array" else videos
    clips = make(data, **OPEN | {"num_frames": num_frames, "stride": stride})
    assert clips.shape == (num_frames, 8, 8, 3) and len(clips) == 3
    span = (num_frames - 1) * stride + 1
    for index, video in enumerate(videos):
        assert clips.num_starts(index) == len(video) - span + 1
        for start in range(clips.num_starts(index)):
            expected = [(index, t) for t in range(start, start + span, stride)]
            assert places(clips.clip(index, start)) == expected
        with pytest.raises(IndexError, match="not"):
            clips.clip(index, clips.num_starts(index))


@pytest.mark.parametrize(("stride", "most"), [(1, 9), (2, 5), (3, 3), (8, 2), (9, 1)])
def test_by_default_a_clip_is_as_long_as_the_shortest_video_allows(stride, most):
    clips = from_list(numbered(9, 14), **OPEN | {"stride": stride})
    assert clips.num_frames == most
    with pytest.raises(ValueError, match="no video in the data is long enough for num_frames"):
        from_array(np.stack(numbered(9)), **OPEN | {"stride": stride, "num_frames": most + 1})


def test_videos_that_are_too_short_are_left_out_with_their_labels():
    clips = from_list(numbered(9, 3, 12), **OPEN | {"num_frames": 5, "labels": ["c", "b", "a"]})
    assert len(clips) == 2 and clips.num_too_short == 1
    assert [places(clips.clip(index, 0))[0][0] for index in range(2)] == [0, 2]
    assert [clips.labels[clips.label(index)] for index in range(2)] == ["c", "a"]


def test_images_are_clips_of_one_frame():
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), np.uint8)
    for clips in (from_array(images, **OPEN), from_list(list(images), **OPEN)):
        assert clips.shape == (1, 8, 8, 1) and len(clips) == 5
        np.testing.assert_array_equal(clips.clip(3, 0), images[3:4])
    with pytest.raises(ValueError, match="are images.* put a single video into a list"):
        from_array(images, **OPEN | {"num_frames": 4})


@pytest.mark.parametrize("library", [np.asarray, torch.from_numpy])
def test_nothing_is_copied_and_nothing_can_be_written(library):
    videos = np.stack(numbered(9, 9))
    for clips in (from_array(library(videos), **OPEN), from_list(list(library(videos)), **OPEN)):
        clip = clips.clip(1, 0)
        assert np.shares_memory(clip, videos)
        with pytest.raises(ValueError, match="read-only"):
            clip[0] = 0
    videos[0] = 1  # Still the user's own.


def test_a_memory_map_is_sent_to_workers_as_its_place(tmp_path):
    videos = np.stack(numbered(20, 20, 20, side=32))
    np.save(tmp_path / "videos.npy", videos)
    mapped = np.load(tmp_path / "videos.npy", mmap_mode="r")
    for clips in (from_array(mapped, **OPEN), from_list(list(mapped[:2]), **OPEN)):
        sent = pickle.dumps(clips)
        assert len(sent) < 2000
        again = pickle.loads(sent)  # noqa: S301
        assert len(again) == len(clips)
        np.testing.assert_array_equal(again.clip(1, 0), videos[1])
    in_memory = pickle.loads(pickle.dumps(from_array(videos, **OPEN)))  # noqa: S301
    np.testing.assert_array_equal(in_memory.clip(2, 0), videos[2])


def test_labels_and_classes():
    videos = np.stack(numbered(4, 4, 4))
    clips = from_array(videos, **OPEN | {"labels": [5, 2, 5]})
    assert clips.labels == ["2", "5"] and [clips.label(index) for index in range(3)] == [1, 0, 1]
    clips = from_array(videos, **OPEN | {"labels": [1, 0, 1], "classes": ("wave", "bend")})
    assert clips.labels == ["wave", "bend"] and type(clips.label(0)) is int
    assert from_array(videos, **OPEN).labels == [] and from_array(videos, **OPEN).label(0) is None


@pytest.mark.parametrize(
    ("make", "data", "options", "message"),
    [
        (from_list, [], {}, "the list of videos is empty"),
        (from_list, [*numbered(4), *numbered(4, side=16)], {}, r"videos\[1\] are \(16, 16, 3\)"),
        (from_list, [*numbered(4), np.zeros((4, 8, 8, 3))], {}, r"videos\[1\] of type float64"),
        (from_list, [np.zeros((3, 5, 8, 8), np.uint8)], {}, r"c t h w -> t h w c"),
        (from_array, np.stack(numbered(4)), {"labels": [0, 1]}, "2 labels for 1 clips"),
        (from_array, np.stack(numbered(4)), {"classes": ["a"]}, "there are no labels"),
        (from_array, np.stack(numbered(4)), {"stride": 0}, "stride must be at least 1, not 0"),
        (from_array, np.stack(numbered(4)), {"num_frames": 0}, "num_frames must be at least 1"),
    ],
)
def test_what_does_not_fit_is_named(make, data, options, message):
    with pytest.raises(ValueError, match=message):
        make(data, **OPEN | options)


def test_damaged_views_do_not_reach_the_source():
    clips = ArrayClips(numbered(4, 4))
    with pytest.raises(IndexError, match="no video 2 among 2"):
        clips.clip(2, 0)
