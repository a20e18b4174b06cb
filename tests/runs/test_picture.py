"""Pictures changed by a run of one picture, from arrays and from files."""

import numpy as np
import pytest
import torch
from PIL import Image

import tgan
from tests.made.one_picture import HEIGHT, WIDTH, picture_config, write_picture
from tgan.data.pixels import normalise, to_bytes
from tgan.runs.train import fit_run, prepare_run
from tgan.sampling.decoding import seed_latents
from tgan.sampling.pyramid import repaint


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("picture")
    picture = write_picture(folder / "picture.png")
    fit_run(*prepare_run(picture_config(picture), folder / "run"))
    Image.open(picture).resize((3 * WIDTH, 3 * HEIGHT)).save(folder / "large.png")
    return folder


@pytest.fixture
def editor(folder):
    return tgan.PictureEditor(tgan.load(folder / "run"))


def expected_repaint(editor, pixels, stage, seed):
    pyramid = editor.run.generator
    z = seed_latents([seed], pyramid.count(pixels.shape[:2]))
    image = normalise(torch.from_numpy(pixels[None, None]))[:, :, 0]
    made = repaint(pyramid, image, pyramid.noise(z, pixels.shape[:2]), stage)
    return to_bytes(made[:, :, None])[0, 0].numpy()


def test_samples_have_the_size_of_the_picture_or_any(editor):
    samples = editor.run.sample([3, 4])
    assert samples.shape == (2, 1, HEIGHT, WIDTH, 3) and samples.dtype == np.uint8
    assert np.array_equal(editor.run.sample([4]), samples[1:])
    assert editor.run.sample([3], size=(30, 17)).shape == (1, 1, 30, 17, 3)
    assert np.array_equal(editor.run.sample([3], size=(HEIGHT, WIDTH)), samples[:1])


def test_the_picture_is_that_of_the_run(editor, folder):
    assert np.array_equal(editor.picture, np.asarray(Image.open(folder / "picture.png")))
    assert editor.remade().shape == editor.picture.shape


def test_repainting_is_of_arrays_and_of_files_as_large_as_the_run_says(editor, folder):
    pixels = editor.picture[::-1].copy()
    found = editor.repaint(pixels, stage=1, seed=7)
    assert np.array_equal(found, expected_repaint(editor, pixels, 1, 7))
    assert not np.array_equal(found, editor.repaint(pixels, stage=1, seed=8))
    of_file = editor.repaint(folder / "large.png", stage=1)
    assert of_file.shape == (HEIGHT, WIDTH, 3)


def test_a_mask_keeps_the_picture_where_it_is_black(editor, folder):
    pixels = editor.picture
    made = editor.repaint(pixels, stage=1)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    assert np.array_equal(editor.repaint(pixels, stage=1, mask=mask), pixels)
    assert np.array_equal(editor.repaint(pixels, stage=1, mask=mask + 255), made)
    mask[:, :4] = 255
    found = editor.repaint(pixels, stage=1, mask=mask)
    # Far from the rim one or the other, at the rim something between.
    assert np.array_equal(found[:, :3], made[:, :3])
    assert np.array_equal(found[:, 9:], pixels[:, 9:])
    low, high = np.minimum(made, pixels), np.maximum(made, pixels)
    assert ((found >= low) & (found <= high)).all()
    Image.fromarray(mask).resize((3 * WIDTH, 3 * HEIGHT), 0).save(folder / "mask.png")
    assert np.array_equal(editor.repaint(pixels, stage=1, mask=folder / "mask.png"), found)


def test_enlarging_is_of_the_picture_unless_another_is_named(editor):
    assert editor.enlarge(2).shape == (2 * HEIGHT, 2 * WIDTH, 3)
    assert np.array_equal(editor.enlarge(2), editor.enlarge(2, editor.picture))
    assert not np.array_equal(editor.enlarge(2), editor.enlarge(2, 255 - editor.picture))


def test_animations_are_frames(editor):
    frames = editor.animate(3, seed=1, stage=1, size=(20, 20))
    assert frames.shape == (3, 20, 20, 3) and frames.dtype == np.uint8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"picture": np.zeros((14, 20), np.uint8)}, r"uint8 \(H, W, 3\) is needed"),
        ({"picture": np.zeros((14, 20, 3))}, "picture of float64"),
        ({"picture": "none.png"}, "no such file: 'none.png'"),
        ({"mask": "none.png"}, "no such file: 'none.png'"),
        ({"mask": np.zeros((20, 14), np.uint8)}, "mask of 20x14 .* differ in shape"),
        ({"stage": 2}, "stage 2 is not from 1"),
    ],
)
def test_what_cannot_be_repainted_is_named(editor, arguments, message):
    usual = {"picture": editor.picture, "stage": 1}
    arguments = usual | arguments
    with pytest.raises(ValueError, match=message):
        editor.repaint(arguments.pop("picture"), **arguments)


def test_a_run_that_has_not_begun_all_stages_samples_but_changes_nothing(folder, tmp_path):
    config = picture_config(folder / "picture.png", **{"log.checkpoint_every": 1})
    fit_run(*prepare_run(config, tmp_path / "run"))
    run = tgan.load(tmp_path / "run" / "checkpoints" / "step_00000002")
    assert run.sample([0]).shape == (1, 1, HEIGHT, WIDTH, 3)
    with pytest.raises(ValueError, match="has 1 of 2 stages"):
        tgan.PictureEditor(run).enlarge(2)


def test_a_run_of_many_pictures_is_refused(tiny_config, tmp_path):
    fit_run(*prepare_run(tiny_config, tmp_path / "run"))
    run = tgan.load(tmp_path / "run")
    with pytest.raises(ValueError, match="no run of one picture"):
        tgan.PictureEditor(run)
    with pytest.raises(ValueError, match="size 40x40: .* makes 32x32 alone"):
        run.sample([0], size=(40, 40))


def test_clips_of_ones_own_are_refused(tmp_path):
    pixels = np.zeros((2, 32, 32, 3), np.uint8)
    with pytest.raises(ValueError, match="pyramid needs data.name picture, not own"):
        tgan.train(picture_config("none.png"), run_dir=tmp_path / "run", source=pixels)


@pytest.mark.parametrize("size", ["30x17", (30,), (30.5, 17)])
def test_sizes_that_are_none_are_refused(editor, size):
    for make in (lambda: editor.run.sample([3], size=size), lambda: editor.animate(2, size=size)):
        with pytest.raises(ValueError, match="is no .height, width. in whole pixels"):
            make()


@pytest.mark.parametrize(
    "make",
    [
        lambda editor: editor.enlarge(1e6),
        lambda editor: editor.enlarge(1e300),
        lambda editor: editor.animate(10**12),
        lambda editor: editor.animate(2, size=(10**6, 10**6)),
    ],
)
def test_more_than_the_memory_holds_is_refused_at_once(editor, make):
    with pytest.raises(ValueError, match="^an image of .* takes .* GB of memory, and this machine"):
        make(editor)


def test_a_run_of_one_picture_names_no_size_that_it_has_not(editor):
    assert repr(editor.run).endswith("pyramid generator (generator), one picture)")
