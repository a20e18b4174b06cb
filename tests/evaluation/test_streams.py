import numpy as np
import pytest
import torch
from torch import nn

from tests.made.stand_ins import Videos
from tgan.data.subset import Subset
from tgan.evaluation.streams import GeneratedClips, RealClips, halves
from tgan.models.conditions import OnClass
from tgan.sampling.decoding import seed_latents


class Echo(nn.Module):
    """Writes the latent, and the label if there is one, into the pixels."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, z, labels=None):
        video = z.reshape(len(z), 1, 1, 2, 2) * self.weight
        return video if labels is None else video + labels.reshape(-1, 1, 1, 1, 1)


def test_a_generated_clip_depends_on_its_seed_alone():
    clips = GeneratedClips(Echo(), size=4, first_seed=50)
    together = clips(3, 5)
    assert together.shape == (5, 1, 1, 2, 2) and together.dtype == torch.float32
    assert torch.equal(clips(6, 1), together[3:4])
    assert torch.equal(together.flatten(1), seed_latents(range(53, 58), 4))
    assert clips.condition(0, 3) == ()


def test_classes_follow_the_prior_and_the_seed():
    source = Videos(9, labels=["a", "b", "c"])
    clips = GeneratedClips(Echo(), size=4, first_seed=7, conditioning=OnClass(3), source=source)
    (labels,) = clips.condition(2, 40)
    assert torch.equal(labels, OnClass(3).prior(source, range(9, 49))[0])
    assert set(labels.tolist()) == {0, 1, 2}
    plain = GeneratedClips(Echo(), size=4, first_seed=7)
    difference = clips(2, 40) - plain(2, 40)
    torch.testing.assert_close(difference[:, 0, 0, 0, 0], labels.float())


def test_real_clips_are_the_same_however_they_are_asked_for():
    clips = RealClips(Videos(), seed=3)
    together, labels = clips.draw(0, 25)
    assert together.shape == (25, 4, 8, 8, 1) and labels.tolist() == [-1] * 25
    assert torch.equal(clips.draw(7, 2)[0], together[7:9])
    assert sorted(together[:10, 0, 1, 1, 0].tolist()) == list(range(10))
    assert not torch.equal(RealClips(Videos(), seed=4).draw(0, 25)[0], together)
    video = clips(7, 2)
    assert video.shape == (2, 1, 4, 8, 8)
    assert torch.equal(video[0, 0, 0, 1, 1] * 128 + 128, together[7, 0, 1, 1, 0])


def test_halves_share_no_video_and_leave_none_out():
    source = Videos(11, labels=["a", "b"])
    first, second = halves(source)
    seen = [
        {int(half.clip(k, 0)[0, 1, 1, 0]) for k in range(len(half))} for half in (first, second)
    ]
    assert not seen[0] & seen[1] and seen[0] | seen[1] == set(range(11))
    again = halves(source)[0]
    np.testing.assert_array_equal(again.clip(2, 1), first.clip(2, 1))
    assert first.label(0) == int(first.clip(0, 0)[0, 1, 1, 0]) % 2
    assert first.num_starts(0) == 3 and first.shape == source.shape


def test_one_video_cannot_be_halved():
    with pytest.raises(ValueError, match="cannot be halved"):
        halves(Videos(1))


def test_a_subset_draws_from_its_videos_only():
    drawn = RealClips(Subset(Videos(), [4, 7]), seed=0).draw(0, 12)[0]
    assert set(drawn[:, 0, 1, 1, 0].tolist()) == {4, 7}
