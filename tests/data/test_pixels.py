import torch

from tgan.data.pixels import normalise, to_bytes


def test_every_byte_survives_the_round_trip():
    clips = torch.arange(256, dtype=torch.uint8).view(1, 4, 8, 8, 1)
    video = normalise(clips)
    assert video.shape == (1, 1, 4, 8, 8)
    assert torch.equal(to_bytes(video), clips)


def test_scale_is_the_authors():
    video = normalise(torch.tensor([0, 128, 255], dtype=torch.uint8).view(1, 1, 1, 3, 1))
    assert video.flatten().tolist() == [-1.0, 0.0, 127 / 128]


def test_layout_in_memory_is_channels_last():
    video = normalise(torch.zeros(2, 16, 8, 8, 3, dtype=torch.uint8))
    assert video.is_contiguous(memory_format=torch.channels_last_3d)


def test_values_beyond_the_range_are_clamped_and_rounded():
    video = torch.tensor([-1.2, 1.0, 1.5, 0.6 / 128, 0.4 / 128]).view(1, 1, 1, 1, 5)
    assert to_bytes(video).flatten().tolist() == [0, 255, 255, 129, 128]
