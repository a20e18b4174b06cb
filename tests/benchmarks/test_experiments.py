import pytest
import yaml

from tests.conftest import make_tiny_config
from tgan.benchmarks.clipping.strategies import STRATEGIES
from tgan.benchmarks.experiments import variation
from tgan.config.reading import dump_config

EXPERIMENT = make_tiny_config()
# Samples of the uniform initialisation are black, all of them.
EXPERIMENT.generator.image_init = "he_normal"
CONFIG = dump_config(EXPERIMENT)


def test_a_strategy_replaces_the_constraint_of_the_experiment_whole():
    assert yaml.safe_load(CONFIG)["constraint"]["interval"] == 2
    config = variation(CONFIG, STRATEGIES["weight_clip"].settings() | {"constraint.maximum": 0.1})
    assert (config.constraint.name, config.constraint.interval) == ("weight_clip", None)
    assert config.constraint.maximum == 0.1 and not config.critic.batch_norm
    assert config.generator.width == EXPERIMENT.generator.width
    assert variation(CONFIG, {"critic_optimizer.betas": [0.1, 0.2]}).critic_optimizer.betas == (
        0.1,
        0.2,
    )
    with pytest.raises(ValueError, match="unknown setting 'critic.wdith'"):
        variation(CONFIG, {"critic.wdith": 3})
