import threading
import time
from itertools import islice

import numpy as np
import pytest
import torch

from tgan.data.clips import complete
from tgan.data.loader import NO_LABEL, ClipBatches, stream_batches
from tgan.data.subset import Subset
from tgan.data.videos.decode import DecodeError


class Numbered:
    """Videos of different lengths whose pixels are (video, first frame)."""

    labels: list[str] = []
    num_frames = 2
    shape = (2, 1, 1, 2)
    skipped: list[tuple[str, str]] = []
    num_too_short = 0

    def __len__(self) -> int:
        return 6

    def num_starts(self, index: int) -> int:
        return 1 + index % 3

    def label(self, index: int) -> int | None:
        return None if index == 5 else 10 * index

    def clip(self, index: int, start: int) -> np.ndarray:
        return np.full(self.shape, (index, start), np.uint8)


class Broken(Numbered):
    """Raises an error at one of its videos."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def clip(self, index: int, start: int) -> np.ndarray:
        if index == 3:
            raise self.error
        return super().clip(index, start)


def take(count: int, **settings) -> torch.Tensor:
    first, workers = settings.pop("first", 0), settings.pop("workers", 0)
    batches = ClipBatches(Numbered(), batch_size=4, seed=0, **settings)
    stream = stream_batches(batches, first=first, workers=workers)
    return torch.stack([clips for clips, _ in islice(stream, count)])


@pytest.mark.parametrize("workers", [0, 2])
def test_labels_come_with_their_clips(workers):
    batches = ClipBatches(Numbered(), batch_size=6, seed=0)
    for clips, labels in islice(stream_batches(batches, first=0, workers=workers), 3):
        videos = clips[:, 0, 0, 0, 0].tolist()
        assert labels.tolist() == [NO_LABEL if video == 5 else 10 * video for video in videos]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_stream_that_starts_later_goes_on_exactly_there(workers):
    whole = take(12)
    assert torch.equal(take(5, first=7, workers=workers), whole[7:])


def test_two_processes_share_the_batch_of_one():
    shares = [take(6, rank=rank, world_size=2) for rank in (0, 1)]
    assert torch.equal(torch.cat(shares, dim=1), take(6))


def test_every_start_of_every_video_is_drawn():
    drawn = {tuple(clip[0, 0, 0].tolist()) for clip in take(60).flatten(0, 1)}
    expected = {(video, start) for video in range(6) for start in range(1 + video % 3)}
    assert drawn == expected


def test_the_global_random_state_is_left_alone():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    take(3)
    assert torch.equal(torch.get_rng_state(), state)


def test_batch_size_must_divide():
    with pytest.raises(ValueError, match="batch_size 4 is not a multiple of 3 processes"):
        ClipBatches(Numbered(), batch_size=4, seed=0, world_size=3)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "error",
    [ValueError("x.mp4: broken"), DecodeError("x.mp4", "broken"), OSError(5, "Input/output error")],
    ids=lambda error: type(error).__name__,
)
def test_an_error_of_the_source_arrives_as_itself_in_its_turn(workers, error):
    batches = ClipBatches(Broken(error), batch_size=1, seed=0)
    turn = next(k for k in range(6) if batches.sampler.batch(k)[0][0] == 3)
    stream = stream_batches(batches, first=0, workers=workers)
    before = list(islice(stream, turn))
    assert [int(clips[0, 0, 0, 0, 0]) for clips, _ in before] == [
        batches.sampler.batch(k)[0][0] for k in range(turn)
    ]
    with pytest.raises(type(error)) as caught:
        next(stream)
    assert type(caught.value) is type(error) and str(caught.value) == str(error)


def test_a_mistake_of_ours_is_not_taken_for_one_of_the_source():
    batches = ClipBatches(Broken(KeyError("ours")), batch_size=6, seed=0)
    with pytest.raises(KeyError, match="ours"):
        next(stream_batches(batches, first=0))


class Decoding(Numbered):
    """A source that says that it decodes, and notes which threads it did so in."""

    decodes = True

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.broken: frozenset[int] = frozenset()

    def clip(self, index, start):
        self.threads.add(threading.get_ident())
        time.sleep(0.01 * (3 - index % 4))
        if index in self.broken:
            raise ValueError(f"video {index} is broken")
        return super().clip(index, start)


@pytest.fixture
def three_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def test_clips_that_are_decoded_come_from_threads_and_in_order(three_threads):
    here, source = ClipBatches(Numbered(), batch_size=8, seed=0), Decoding()
    batches = ClipBatches(source, batch_size=8, seed=0)
    for number in range(3):
        for one, other in zip(batches[number], here[number], strict=True):
            assert torch.equal(one, other)
    assert len(source.threads) > 1
    assert threading.get_ident() not in source.threads


class Bare:
    """No more of a source than it needs, and whether it decodes."""

    def __init__(self, source: Numbered) -> None:
        self.shape, self.clip = source.shape, source.clip
        self.decodes = getattr(source, "decodes", False)

    def __len__(self) -> int:
        return 6


WRAPS = {
    "subset": lambda source: Subset(source, [5, 5]),
    "completed": lambda source: complete(Bare(source)),
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_what_wraps_a_source_that_decodes_is_read_in_threads_too(three_threads, wrap):
    source = Decoding()
    assert len(ClipBatches(wrap(source), batch_size=8, seed=0)[0][0]) == 8
    assert len(source.threads) > 1
    assert not wrap(Numbered()).decodes


def test_of_several_errors_in_threads_the_first_draws_is_raised(three_threads):
    source = Decoding()
    batches = ClipBatches(source, batch_size=8, seed=0)
    order = batches.sampler.indices(0).tolist()
    source.broken = frozenset({order[2], order[4]})
    with pytest.raises(ValueError, match=f"video {order[2]} is broken"):
        batches[0]
