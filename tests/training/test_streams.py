"""Streams of training: clips that cannot be read, and reading before a step begins."""

from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.made.numbered_videos import write_video
from tgan.data.clips import complete
from tgan.data.replaced import TooManyBadClips
from tgan.data.videos.folder import VideoFolder
from tgan.models.conditions import Conditioning
from tgan.training.streams import RealBatches


def numbered(count=40, bad=()):
    """A source whose clip k is k everywhere."""

    def clip(index, start):
        if index in bad:
            raise OSError(5, "Input/output error")
        return np.full((1, 4, 4, 1), index, np.uint8)

    class Source(SimpleNamespace):
        def __len__(self):
            return count

    return complete(Source(shape=(1, 4, 4, 1), clip=clip))


def opened(source, **settings):
    shared = {"batch_size": 4, "seed": 0, "device": torch.device("cpu")}
    return RealBatches(source, Conditioning(), **shared, **settings)


def drawn(stream, count):
    return [(batch.samples[:, 0, 0, 0, 0] * 128 + 128).tolist() for batch in islice(stream, count)]


@pytest.mark.parametrize("workers", [0, 2])
def test_fetching_ahead_changes_nothing(workers):
    stream = opened(numbered(), workers=workers)
    found = []
    for count in (3, 1, 2, 4):
        while not stream.fetch(count, seconds=0.2):
            pass
        found += drawn(stream, count)
    assert found == drawn(opened(numbered()), 10)
    stream.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_what_was_replaced_is_counted_as_it_comes(workers):
    lines: list[str] = []
    settings = {"max_bad_share": 1, "say": lines.append}
    stream = opened(numbered(bad={3, 7}), workers=workers, **settings)
    # A pass, and nothing of what was read ahead.
    found = sum(drawn(stream, 10), [])
    account = stream.account
    assert (account.draws, account.replaced) == (40, 2)
    assert account.bad == {"video 3": "Input/output error", "video 7": "Input/output error"}
    assert len(lines) == 2 and not {3.0, 7.0} & set(found)
    drawn(stream, 10)
    assert (account.draws, account.replaced, len(lines)) == (80, 4, 2)
    stream.close()


def test_too_many_end_it_before_a_step_takes_its_batches():
    stream = opened(numbered(bad={3}), max_bad_share=0)
    match = "above data.max_bad_share 0; the last is 'video 3': Input/output error"
    with pytest.warns(UserWarning, match="'video 3' cannot be read, another clip takes its"):
        while True:
            try:
                stream.fetch(1)
            except TooManyBadClips as error:
                assert match in str(error)
                break
            next(stream)


def test_videos_that_break_while_training_are_replaced(tmp_path):
    folder = tmp_path / "videos"
    for name, count in {"a/one.mp4": 30, "a/two.mp4": 20, "b/three.mp4": 16}.items():
        write_video(folder / name, count)
    write_video(folder / "b" / "four.mkv", 25)
    source = VideoFolder(folder, num_frames=16, resolution=8)
    (folder / "a" / "one.mp4").write_bytes(b"rubbish")
    (folder / "b" / "three.mp4").unlink()
    lines: list[str] = []
    stream = opened(source, max_bad_share=1, say=lines.append)
    assert all(batch.samples.isfinite().all() for batch in islice(stream, 10))
    assert stream.account.replaced == 20
    assert stream.account.bad.keys() == {"videos/a/one.mp4", "videos/b/three.mp4"}
    assert stream.account.bad["videos/b/three.mp4"] == "no such file"
    assert len(lines) == 2
