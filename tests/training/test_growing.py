"""Stages that begin in turn: what is trained when, and what a run that goes on needs."""

import copy

import numpy as np
import pytest
import torch

from tests.made.checkpoints import assert_same_checkpoints
from tests.made.one_picture import picture_config, write_picture
from tgan.config.sizes import stage_sizes
from tgan.runs.build import build_run
from tgan.runs.checks import check_one_process
from tgan.runs.train import fit_run, prepare_run
from tgan.training.auxiliary import Reconstruction
from tgan.training.checkpoint import find_checkpoint
from tgan.training.growing import stage_starts
from tgan.training.learners import Batch
from tgan.training.streams import streams_of


@pytest.fixture
def picture(tmp_path):
    return write_picture(tmp_path / "picture.png")


def trained(run, *, until):
    """Every step's tables of the generator before it, and learning rates in it."""
    reals, latents = streams_of(run, 0)
    for step in range(until):
        before = copy.deepcopy(run.task.generator.module.state_dict())
        terms = run.task.step(step, reals, latents)
        yield before, run.task.critic.optimizer.param_groups[0]["lr"], terms
    reals.close()


def changed_stages(before, after):
    return {
        int(name.split(".")[1])
        for name, value in before.items()
        if name.startswith("stages") and not torch.equal(value, after[name])
    }


def test_stages_are_trained_in_turn_and_then_stay(picture, tmp_path):
    config = picture_config(picture, **{"train.steps": 20})
    run = build_run(config, tmp_path / "run")
    steps = list(trained(run, until=20))
    tables = [before for before, _, _ in steps] + [run.task.generator.module.state_dict()]
    begun = [int(table["begun"]) for table in tables]
    # 20 * 280 / (176 + 280) = 12.3: pixels of the stages are 11x16 and 14x20.
    assert begun == [0] + [1] * 12 + [2] * 8
    for step in range(20):
        assert changed_stages(tables[step], tables[step + 1]) == {int(step >= 12)}
    rates = [rate for _, rate, _ in steps]
    assert rates == pytest.approx([5e-4] * 10 + [5e-5] * 2 + [5e-4] * 7 + [5e-5])
    # Moments begin anew with a stage.
    moments = run.task.critic.optimizer.state.values()
    assert {int(each["step"]) for each in moments} == {8}
    parts = run.task.generator.module.stages
    assert [any(p.requires_grad for p in part.parameters()) for part in parts] == [False, True]


@pytest.mark.parametrize(("steps", "scales"), [(5, 5), (6, 5), (100, 5), (7, 1)])
def test_every_stage_has_a_step(steps, scales):
    sizes = stage_sizes((64, 96), (64, 96), scales, 25)
    starts = stage_starts(sizes, steps)
    lengths = np.diff([*starts, steps])
    assert starts[0] == 0 and lengths.min() >= 1
    if steps == 100:
        pixels = lengths * [height * width for height, width in sizes]
        assert pixels.max() < 1.2 * pixels.min()


@pytest.mark.parametrize("schedule", ["simultaneous", "alternating"])
def test_a_stopped_run_goes_on_bit_for_bit(picture, tmp_path, schedule):
    kept = {"log.checkpoint_every": 1, "log.keep_last": 5}
    config = picture_config(picture, **{"train.schedule": schedule, **kept})
    assert fit_run(*prepare_run(config, tmp_path / "whole")) == 0
    # Before the second stage begins, at its first step, and within it.
    for stop in (1, 2, 3):
        run_dir = tmp_path / str(stop)
        shorter = tmp_path / "whole" / "checkpoints" / f"step_{stop:08d}"
        fit_run(*prepare_run(config, run_dir, resume=str(shorter)))
        assert_same_checkpoints(find_checkpoint(run_dir), find_checkpoint(tmp_path / "whole"))


def test_more_steps_begin_no_stage_twice(picture, tmp_path):
    fit_run(*prepare_run(picture_config(picture), tmp_path / "run"))
    before = find_checkpoint(tmp_path / "run").tensors["generator"]
    longer = picture_config(picture, **{"train.steps": 10})
    fit_run(*prepare_run(longer, tmp_path / "run", resume="auto"))
    after = find_checkpoint(tmp_path / "run").tensors["generator"]
    assert torch.equal(before["amplitudes"], after["amplitudes"]) and after["begun"] == 2
    assert changed_stages(before, after) == {1}


def test_reconstruction_is_the_error_of_the_remade_picture(picture, tmp_path):
    run = build_run(picture_config(picture), tmp_path / "run")
    *_, (_, _, terms) = trained(run, until=3)
    pyramid = run.task.generator.module
    real = torch.rand(1, 3, 1, *pyramid.sizes()[1]) * 2 - 1
    paid = Reconstruction(10.0)(
        run.task.generator, run.task.critic, fake=real, real=Batch(real), noise=None
    )
    error = (pyramid.remade() - real[:, :, 0]).double().square().mean()
    assert paid.item() == pytest.approx(10 * (14 * 20) ** 0.5 * error.item(), rel=1e-5)
    assert {"reconstruction", "penalty", "critic_gap"} <= set(terms)


def test_a_picture_of_another_size_is_refused(picture, tmp_path):
    fit_run(*prepare_run(picture_config(picture), tmp_path / "run"))
    other = write_picture(tmp_path / "other.png", 20, 14)
    config = picture_config(other, **{"train.steps": 6})
    with pytest.raises(ValueError, match="picture is 20x14 .* checkpoint is 14x20"):
        prepare_run(config, tmp_path / "run", resume="auto")


def test_several_processes_are_refused():
    check_one_process(1)
    with pytest.raises(ValueError, match="pyramid trains in one process, not 2"):
        check_one_process(2)


def test_bf16_and_several_samples_train(picture, tmp_path):
    settings = {"train.mixed_precision": "bf16", "train.batch_size": 2}
    settings |= {"train.augment": ["translation"]}
    assert fit_run(*prepare_run(picture_config(picture, **settings), tmp_path / "run")) == 0
