import imageio.v3 as iio
import numpy as np

from tests.made.stand_ins import Videos
from tgan.data.subset import Subset
from tgan.evaluation.nearest import Nearest
from tgan.evaluation.streams import RealClips


def nearest(tmp_path, fake):
    videos = Videos(40)
    return Nearest(
        train=RealClips(Subset(videos, range(0, 20)), seed=0),
        fake=fake,
        held_out=RealClips(Subset(videos, range(30, 40)), seed=0),
        count=3,
        samples=60,
        batch_size=16,
        picture=tmp_path / "nearest.png",
    )


def run(job, first=0):
    for number in range(first, job.batches):
        job.step(number)
    return job.result()["nearest"]


def test_samples_that_copy_training_clips_are_nearer_than_real_ones(tmp_path):
    found = run(nearest(tmp_path, RealClips(Subset(Videos(40), range(5, 9)), seed=1)))
    assert found["value"] < 0.5 < 10 < found["real"]["value"] and found["ratio"] < 0.05
    honest = run(nearest(tmp_path, RealClips(Subset(Videos(40), range(30, 40)), seed=0)))
    assert honest["distances"] == honest["real"]["distances"]
    assert honest["ratio"] == 1


def test_the_picture_has_each_sample_above_its_nearest_clip(tmp_path):
    fake = RealClips(Subset(Videos(40), [25]), seed=0)
    run(nearest(tmp_path, fake))
    picture = iio.imread(tmp_path / "nearest.png")
    assert picture.shape == (2 * 3 * 8, 4 * 8, 3)
    rows = picture[4::8, 4, 0]
    np.testing.assert_array_equal(rows, [25, 19] * 3)


def test_a_resumed_search_is_the_same_bit_for_bit(tmp_path):
    fake = RealClips(Subset(Videos(40), range(20, 30)), seed=0)
    expected = run(nearest(tmp_path, fake))
    first, second = nearest(tmp_path, fake), nearest(tmp_path, fake)
    first.step(0)
    first.step(1)
    second.load_state(first.state())
    assert run(second, first=2) == expected


def test_without_a_file_no_picture_is_written(tmp_path):
    job = nearest(tmp_path, RealClips(Videos(40), seed=0))
    expected, job.picture = run(job), None
    found = run(job)
    assert found.pop("picture") is None
    assert expected.pop("picture") == str(tmp_path / "nearest.png") and found == expected
