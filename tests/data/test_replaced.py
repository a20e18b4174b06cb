"""Clips that cannot be read: what takes their place, and the account of them."""

from itertools import islice

import numpy as np
import pytest
import torch

from tgan.data.loader import ClipBatches, stream_batches
from tgan.data.replaced import Account, ReplacedBatches, TooManyBadClips
from tgan.data.videos.decode import DecodeError


class Numbered:
    """Videos of different lengths whose pixels are (video, first frame)."""

    labels: list[str] = []
    num_frames = 2
    shape = (2, 1, 1, 2)
    skipped: list[tuple[str, str]] = []
    num_too_short = 0
    names: list[str] = []

    def __init__(self, bad=(), error=None):
        self.bad, self.error = set(bad), error or DecodeError("x.mp4", "broken")

    def __len__(self) -> int:
        return 30

    def num_starts(self, index: int) -> int:
        return 1 + index % 3

    def label(self, index: int) -> int | None:
        return index

    def clip(self, index: int, start: int) -> np.ndarray:
        if index in self.bad:
            raise self.error
        return np.full(self.shape, (index, start), np.uint8)


def drawn(source, count=40, kind=ReplacedBatches, *, first=0, workers=0, batch_size=4, **settings):
    """Videos and starts, labels, and what was bad, of the draws of some batches."""
    batches = kind(source, batch_size=batch_size, seed=0, **settings)
    found = list(islice(stream_batches(batches, first=first, workers=workers), count))
    clips = torch.cat([clips[:, 0, 0, 0] for clips, *_ in found])
    labels = torch.cat([labels for _, labels, *_ in found])
    return clips, labels, [problem for _, _, *rest in found for problem in rest]


def test_without_bad_clips_nothing_changes():
    clips, labels, bad = drawn(Numbered())
    expected, expected_labels, _ = drawn(Numbered(), kind=ClipBatches)
    assert torch.equal(clips, expected) and torch.equal(labels, expected_labels)
    assert bad == [()] * 40


def test_only_draws_of_bad_clips_change_and_labels_go_with_the_clips():
    clips, labels, bad = drawn(Numbered(bad={3, 4}))
    expected, _, _ = drawn(Numbered(), kind=ClipBatches)
    replaced = torch.isin(expected[:, 0], torch.tensor([3, 4]))
    assert torch.equal(clips[~replaced], expected[~replaced])
    assert not torch.isin(clips[replaced][:, 0], torch.tensor([3, 4])).any()
    assert torch.equal(labels, clips[:, 0].long())
    names = [name for problems in bad for name, _ in problems]
    assert names == [f"video {index}" for index in expected[replaced][:, 0].tolist()]
    assert {reason for problems in bad for _, reason in problems} == {"broken"}


def test_replacements_are_any_video_and_any_start():
    found, _, bad = drawn(Numbered(bad=range(1, 30, 2)), 400)
    own, _, _ = drawn(Numbered(), 400, kind=ClipBatches)
    replaced = own[:, 0] % 2 == 1
    assert replaced.sum() == sum(map(len, bad)) == 801
    expected = {(video, start) for video in range(0, 30, 2) for start in range(1 + video % 3)}
    assert {tuple(pair) for pair in found[replaced].tolist()} == expected
    counts = torch.bincount(found[replaced][:, 0].long(), minlength=30)[::2]
    # 801 draws of 15 videos: 53 each, with a standard deviation of 7.
    assert counts.min() > 25 and counts.max() < 90


@pytest.mark.parametrize(
    "settings",
    [{"workers": 2}, {"first": 11, "count": 29}, {"batch_size": 8, "count": 20}],
    ids=["workers", "resumed", "batches"],
)
def test_replacements_are_a_function_of_the_draw(settings):
    bad = {3, 4, 17, 20}
    whole, _, _ = drawn(Numbered(bad))
    part, _, _ = drawn(Numbered(bad), **settings)
    assert torch.equal(part, whole[-len(part) :])


def test_processes_replace_what_one_would():
    whole, _, _ = drawn(Numbered({3, 4}))
    shares = [drawn(Numbered({3, 4}), rank=rank, world_size=2)[0] for rank in (0, 1)]
    both = torch.stack([share.view(40, 2, 2) for share in shares], dim=1).view(160, 2)
    assert torch.equal(both, whole)


def test_a_file_that_comes_back_is_drawn_again():
    """What was bad before does not change what comes later."""
    expected = drawn(Numbered(), 20, first=20)[0]
    source = Numbered({3})
    stream = stream_batches(ReplacedBatches(source, batch_size=4, seed=0), first=0)
    list(islice(stream, 20))
    source.bad.clear()
    assert torch.equal(torch.cat([c[:, 0, 0, 0] for c, *_ in islice(stream, 20)]), expected[:80])


def test_where_no_clip_can_be_read_that_is_said():
    with pytest.raises(TooManyBadClips, match="'video .*' cannot be read .broken., nor can any of"):
        drawn(Numbered(bad=range(30)), 1)
    with pytest.raises(TooManyBadClips):
        drawn(Numbered(bad=range(30)), 1, workers=1)


def test_mistakes_of_the_program_are_not_replaced():
    with pytest.raises(KeyError, match="ours"):
        drawn(Numbered(bad={3}, error=KeyError("ours")))


class OfAnotherForm(Numbered):
    def clip(self, index, start):
        clip = super().clip(index, start)
        return {3: clip.astype(np.float32), 4: clip[..., :1], 5: clip[:1]}.get(index, clip)


def test_clips_of_another_form_are_bad_ones():
    """NumPy would repeat and cast them without a word."""
    clips, labels, bad = drawn(OfAnotherForm())
    assert torch.equal(labels, clips[:, 0].long()) and not {3, 4, 5} & set(labels.tolist())
    assert {pair for problems in bad for pair in problems} == {
        ("video 3", "a clip is float32 (2, 1, 1, 2); uint8 (2, 1, 1, 2) is needed"),
        ("video 4", "a clip is uint8 (2, 1, 1, 1); uint8 (2, 1, 1, 2) is needed"),
        ("video 5", "a clip is uint8 (1, 1, 1, 2); uint8 (2, 1, 1, 2) is needed"),
    }
    with pytest.raises(ValueError, match="a clip is"):
        drawn(OfAnotherForm(), kind=ClipBatches)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(5, "Input/output error"), "Input/output error"),
        (ValueError("two\nlines"), "two lines"),
        (EOFError(), "EOFError"),
    ],
)
def test_reasons_are_one_line(error, reason):
    _, _, bad = drawn(Numbered(bad={3}, error=error))
    assert {pair for problems in bad for pair in problems} == {("video 3", reason)}


def test_each_bad_clip_is_said_once_under_its_name():
    lines: list[str] = []
    account = Account(max_bad_share=1, say=lines.append)
    for bad in [(("a.mp4", "gone"),), (), (("b.mp4", "cut"), ("a.mp4", "gone"))]:
        account.add(4, bad)
    assert lines == [
        "'a.mp4' cannot be read, another clip takes its place: gone",
        "'b.mp4' cannot be read, another clip takes its place: cut",
    ]
    assert (account.draws, account.replaced) == (12, 3)
    assert account.bad == {"a.mp4": "gone", "b.mp4": "cut"}


@pytest.mark.parametrize(
    ("share", "every", "last"),
    # Of 1,000 draws or more: after the eleventh of the first few, or when 2 % are reached.
    [(0.01, 1, 11), (0.01, 50, 550), (0.01, 100, None), (0, 7, 7), (1, 1, None), (0.5, 1, 501)],
)
def test_too_many_bad_clips_end_it(share, every, last):
    account = Account(max_bad_share=share, say=lambda line: None)
    turns = range(1, 3001)
    for turn in turns:
        bad = (("a.mp4", "gone"),) if turn % every == 0 else ()
        if turn == last:
            match = rf"could not be read, which is above data.max_bad_share {share:g}; the last is"
            with pytest.raises(TooManyBadClips, match=match):
                account.add(1, bad)
            break
        account.add(1, bad)
    assert turn == (last or 3000)
