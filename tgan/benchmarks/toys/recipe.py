"""Schedule under which a toy GAN comes near its mixture, as dotted settings."""

from typing import Any

# Long enough for most samples of a plain GAN to be good ones. Rates fall to 0 in a straight line:
# at constant ones the modes are narrower than the last steps are long.
RECIPE: dict[str, Any] = {
    "train.steps": 4000,
    "train.batch_size": 120,
    "train.schedule": "alternating",
    "train.cool_down": 1.0,
}
# Next to nothing, to see that all of it runs.
QUICK = RECIPE | {"train.steps": 10, "train.batch_size": 24}
