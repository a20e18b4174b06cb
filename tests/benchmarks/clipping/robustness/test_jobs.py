import dataclasses

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.robustness.jobs import (
    STEPS,
    STRATEGIES,
    jobs_of,
    run_job,
    strategies_of,
)
from tgan.benchmarks.clipping.strategies import CORE
from tgan.benchmarks.experiments import variation
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
PLAN = Plan(dump_config(EXPERIMENT), CORE)


def test_the_grid_is_that_of_the_paper():
    """Miyato et al. 2018, Table 1: rate, betas, critic updates."""
    jobs = {job.name: job for job in jobs_of(PLAN)}
    assert len(jobs) == 1 + len(STRATEGIES) * 6 * 2
    settings = {}
    for letter in "ABCDEF":
        config = variation(PLAN.config, jobs[run_job("svc_bn", letter, 1)].settings["settings"])
        assert config.generator_optimizer == config.critic_optimizer
        assert config.critic_optimizer.name == "adam" and config.train.schedule == "alternating"
        assert config.train.steps == STEPS
        assert config.train.ema_decay is None and config.train.seed == 1
        assert config.constraint.name == "svc" and config.constraint.interval is None
        optimizer = config.critic_optimizer
        settings[letter] = (optimizer.lr, *optimizer.betas, config.train.n_critic)
    assert settings == {
        "A": (1e-4, 0.5, 0.9, 5),
        "B": (1e-4, 0.5, 0.999, 1),
        "C": (2e-4, 0.5, 0.999, 1),
        "D": (1e-3, 0.5, 0.9, 5),
        "E": (1e-3, 0.5, 0.999, 5),
        "F": (1e-3, 0.9, 0.999, 5),
    }


def test_those_of_the_four_strategies_take_part_that_were_asked_for():
    assert strategies_of(PLAN) == list(STRATEGIES)
    some = {name: CORE[name] for name in ("wgan_gp", "svc", "svc_bn")}
    assert strategies_of(dataclasses.replace(PLAN, strategies=some)) == ["svc_bn", "wgan_gp"]
    others = {name: CORE[name] for name in ("none", "svc")}
    assert strategies_of(dataclasses.replace(PLAN, strategies=others)) == ["none", "svc"]
