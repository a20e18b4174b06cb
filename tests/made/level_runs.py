"""A tiny run of levels, trained for a step."""

import tgan

SMALL = {
    "data.name": "levels",
    "data.num_clips": 3,
    "data.window": [14, 16],
    "data.resolution": 16,
    "data.channels": 10,
    "data.num_frames": 1,
    "generator.name": "dcgan",
    "generator.z_slow": 6,
    "generator.width": 8,
    "critic.width": 4,
    "train.batch_size": 4,
    "train.steps": 1,
    "log.critic_every": 0,
    "log.preview_count": 4,
    "log.trackers": [],
}


def train_levels(run_dir, **settings):
    """Train such a run, with other settings by dotted names."""
    return tgan.train(run_dir=run_dir, device="cpu", **SMALL | settings)
