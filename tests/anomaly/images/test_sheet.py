import numpy as np
import pytest
import torch
from PIL import Image

from tgan.anomaly.images.scores import MethodScores, residual_maps
from tgan.anomaly.images.sheet import GAP, LINE, SHOWN, TEXT, heat, write_sheet


def test_heat_grows_brighter_and_stops_at_the_largest():
    colours = heat(np.linspace(0, 1, 9), 0.5).astype(int).sum(-1)
    assert (np.diff(colours[:5]) > 0).all() and (colours[4:] == colours[4]).all()
    assert heat(np.zeros((2, 3, 3)), 0.0).shape == (2, 3, 3, 3)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_the_ends_of_the_order_are_shown_from_the_worst_to_the_best(tmp_path, channels):
    count, side = 40, 32
    brightness = torch.linspace(-1, 0.9, count)[torch.randperm(count)]
    pictures = brightness.view(-1, 1, 1, 1, 1).expand(-1, channels, 1, side, side)
    made = torch.full_like(pictures, -1)
    scored = MethodScores(brightness, made, residual_maps(pictures, made))
    write_sheet(
        tmp_path / "s.png", pictures, {"critic": MethodScores(-brightness), "search": scored}
    )
    sheet = np.asarray(Image.open(tmp_path / "s.png")).astype(int)
    cell, copies = 2 * side + LINE, 2 if channels == 4 else 1
    wide = copies * 2 * side + LINE
    assert sheet.shape == (4 * cell + 2 * (TEXT + GAP), 2 * SHOWN * wide + 3 * GAP, 3)
    middles = [GAP + side + k * wide for k in range(SHOWN)]
    middles += [GAP * 2 + SHOWN * wide + side + k * wide for k in range(SHOWN)]
    expected = brightness.sort().values
    expected = torch.cat([expected[:SHOWN], expected[-SHOWN:]])
    shown = sheet[TEXT + side, middles, 0]
    np.testing.assert_array_equal(shown, (expected * 128 + 128).round().clamp(0, 255).numpy())
    top = TEXT + GAP + cell + TEXT + side
    np.testing.assert_array_equal(sheet[top, middles, 0], shown[::-1])
    assert (sheet[top + cell, middles] == 0).all()
    warmth = sheet[top + 2 * cell, middles].sum(-1)
    assert (np.diff(warmth) <= 0).all() and warmth[0] > 600 and warmth[-1] < 10


def test_fewer_pictures_than_fit_are_shown(tmp_path):
    pictures = torch.rand(1, 1, 1, 8, 8)
    write_sheet(tmp_path / "s.png", pictures, {"critic": MethodScores(torch.zeros(1))})
    assert Image.open(tmp_path / "s.png").width > 100
