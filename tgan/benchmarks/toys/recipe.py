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
# Of both networks: chosen for the plain GAN, on seeds that no table reports.
RATES: dict[str, Any] = {
    f"{player}_optimizer.{name}": value
    for player in ("generator", "critic")
    for name, value in (("lr", 3e-3), ("betas", [0.5, 0.99]))
}
