"""Sizes of networks and batches that a baseline script and our step are both run with."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Sizes:
    """Sizes of both programs; option names are the fields' with dashes.

    Raises:
        ValueError: one is below 1, or `batch` below 2: batch norms need two values to compare.
    """

    batch: int = 32
    generator_width: int = 512
    critic_width: int = 64
    channels: int = 3
    steps: int = 3
    svc_every: int = 5
    threads: int = 1

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            minimum = 2 if name == "batch" else 1
            if value < minimum:
                raise ValueError(f"{name} {value} is below {minimum}")

    def options(self) -> list[str]:
        """The sizes as command line options."""
        return [f"{option(name)}={value}" for name, value in asdict(self).items()]


def option(name: str) -> str:
    """The command line option of a field."""
    return f"--{name.replace('_', '-')}"
