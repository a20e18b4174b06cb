"""Changes of settings when a run goes on: what is free, what is warned of, what is refused."""

from dataclasses import asdict

from tgan.config import Config
from tgan.config.reading import Change, changes

# Names that begin so may change without a word: they have no part in the numbers of a step, or
# are meant to be changed on the way.
FREE = (
    "train.steps",
    "train.check_ranks",
    "train.timeout",
    "data.keep_gb",
    "train.checkpoint_activations",
    "train.deterministic",
    "train.cuda_graph",
    "data.workers",
    "data.timeout",
    "data.max_bad_share",
    "data.changed",
    "data.path",
    "data.held_out_path",
    "data.download",
    "log.",
    "generator_optimizer.lr",
    "critic_optimizer.lr",
    "train.cool_down",
)
# Settings that may change, and what that does.
WARNED = {
    "train.batch_size": "clips and latents come in another order from here on",
    "train.mixed_precision": "numbers are rounded otherwise from here on",
    "train.tf32": "numbers are rounded otherwise from here on",
}
# Why others may not; the first beginning that fits.
REASONS = {
    "generator_optimizer.name": "the checkpoint holds the state of the other optimiser",
    "critic_optimizer.name": "the checkpoint holds the state of the other optimiser",
    "generator_optimizer.": "the optimiser's state was gathered under it",
    "critic_optimizer.": "the optimiser's state was gathered under it",
    "generator.": "the weights in the checkpoint would be another network's",
    "critic.": "the weights in the checkpoint would be another network's",
    "conditional": "the weights in the checkpoint would be other networks'",
    "train.ema_decay": "the running mean in the checkpoint was taken with it",
    "train.seed": "clips and latents of all steps depend on it",
    "data.": "the networks were trained on other clips",
    "": "it would be another experiment",
}


def changed_settings(before: Config, now: Config) -> list[Change]:
    """The settings that differ."""
    return changes(asdict(before), asdict(now))


def refused(found: list[Change]) -> list[str]:
    """A text for each change that would make it another experiment, with the reason."""
    return [
        f"{change} ({reason})"
        for change in found
        if not change.name.startswith(FREE) and change.name not in WARNED
        for reason in [next(why for start, why in REASONS.items() if change.name.startswith(start))]
    ]


def warned(found: list[Change]) -> list[str]:
    """A text for each change that is possible and not without effect."""
    return [f"{change}: {WARNED[change.name]}" for change in found if change.name in WARNED]
