"""Presets of TadGAN detectors: settings by name, and settings with some of them replaced.

`published` is trained for as many passes as Orion's, the others for a fixed number of steps, so
that a long series costs no more than a short one.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from tgan.anomaly.series.scoring.settings import PRESET_SCORINGS, ScoringSettings
from tgan.anomaly.series.training.settings import TadGANSettings
from tgan.lookup import look_up

PRESETS = {
    "published": TadGANSettings(),
    "dense": TadGANSettings(
        encoder="dense",
        decoder="dense",
        window_critic="dense",
        latent_critic_settings={"dropout": 0.0},
        n_critic=1,
        reconstruction=1000.0,
        per_variance=True,
        steps=1000,
        learning_rate=1e-3,
        cooldown=0.5,
        starts_from_components=True,
    ),
}
PRESETS["context"] = replace(
    PRESETS["dense"],
    window=150,
    hidden=100,
    latent_size=10,
    encoder_settings={"units": 16},
    decoder_settings={"units": 16},
    n_critic=5,
    steps=200,
    learning_rate=1e-4,
    critic_learning_rate=1e-3,
)


def settings_of(
    settings: TadGANSettings | str, scoring: ScoringSettings | None, changes: Mapping[str, Any]
) -> tuple[TadGANSettings, ScoringSettings]:
    """Take settings, or those of a preset, and replace some of them.

    Args:
        settings: of networks and training, or the name of a preset.
        scoring: settings of scoring; None for those of the preset, or the defaults.
        changes: new values of fields of either.

    Raises:
        ValueError: an unknown preset or field, or a value that does not fit.

    Example:
        >>> settings, scoring = settings_of("dense", None, {"window": 20, "error": "area"})
    """
    if isinstance(settings, str):
        name, settings = settings, look_up(PRESETS, settings, kind="preset")
        scoring = scoring or PRESET_SCORINGS[name]
    scoring = scoring or ScoringSettings()
    names = [{field.name: None for field in fields(one)} for one in (settings, scoring)]
    for name in changes:
        look_up(names[0] | names[1], name, kind="setting of a detector")
    own, others = ({name: changes[name] for name in changes if name in one} for one in names)
    return replace(settings, **own), replace(scoring, **others)
