"""Learning rates of a task, as its optimisers have them at each step."""

import pytest

from tgan.config import ConstraintConfig, OptimizerConfig
from tgan.runs.build import build_run
from tgan.training.gan import GANTask
from tgan.training.streams import streams_of


def rates_of(config, tmp_path):
    """(generator's, critic's) of every step, from the optimisers themselves."""
    run, seen = build_run(config, tmp_path / "run"), []
    learners = (run.task.generator, run.task.critic)
    reals, latents = streams_of(run, 0)
    for step in range(config.train.steps):
        run.task.step(step, reals, latents)
        seen.append([learner.optimizer.param_groups[0]["lr"] for learner in learners])
    reals.close()
    return seen


def test_rates_cool_down_to_nothing(tiny_config, tmp_path):
    tiny_config.train.cool_down = 0.5
    tiny_config.generator_optimizer = OptimizerConfig(lr=1e-3)
    tiny_config.critic_optimizer = OptimizerConfig(name="adam", lr=4e-4)
    shares = [1, 1, 1, 0.5]
    assert rates_of(tiny_config, tmp_path) == [
        [pytest.approx(share * rate) for rate in (1e-3, 4e-4)] for share in shares
    ]


def test_a_lazy_penalty_slows_the_critic_down_by_the_same_factor_at_every_step(
    tiny_config, tmp_path
):
    tiny_config.train.cool_down = 1.0
    tiny_config.critic.batch_norm = False
    tiny_config.constraint = ConstraintConfig(name="wgan_gp", interval=3)
    rates = rates_of(tiny_config, tmp_path)
    assert [critic / generator for generator, critic in rates] == [pytest.approx(3 / 4)] * 4
    assert rates[-1][0] == pytest.approx(rates[0][0] / 4)


def test_without_a_cool_down_rates_stay(tiny_config, tmp_path):
    assert len({tuple(rates) for rates in rates_of(tiny_config, tmp_path)}) == 1


def test_a_schedule_that_is_unknown_is_named():
    with pytest.raises(ValueError, match="unknown schedule 'both'"):
        GANTask(None, None, schedule="both")
