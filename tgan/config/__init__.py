"""An experiment: its settings, their types and defaults, how they are read and checked."""

from tgan.config.schema import (
    Config,
    ConstraintConfig,
    CriticConfig,
    DataConfig,
    GeneratorConfig,
    LogConfig,
    OptimizerConfig,
    TrainConfig,
)

__all__ = [
    "Config",
    "ConstraintConfig",
    "CriticConfig",
    "DataConfig",
    "GeneratorConfig",
    "LogConfig",
    "OptimizerConfig",
    "TrainConfig",
]
