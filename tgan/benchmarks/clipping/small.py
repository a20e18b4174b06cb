"""Small GANs, without Accelerate: seeded networks, players, learning rates."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from tgan.config import OptimizerConfig
from tgan.rng import Stream, seed_of
from tgan.runs.build import build_optimizer
from tgan.training.steps import Player


def seeded(make: Callable[[], nn.Module], *keys: int) -> nn.Module:
    """A network whose first weights depend on the keys alone."""
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(Stream.WEIGHTS, *keys))
        return make()


def echo() -> Player:
    """A generator whose latents are its samples."""
    same, unused = nn.Identity(), torch.optim.SGD([torch.zeros(())])
    return Player(same, same, unused, torch.amp.GradScaler("cpu", enabled=False))


def player_of(network: nn.Module, optimizer: OptimizerConfig) -> Player:
    """A network with its optimiser, in this process and in float32."""
    scaler = torch.amp.GradScaler("cpu", enabled=False)
    return Player(network, network, build_optimizer(optimizer, network), scaler)


def set_rate(player: Player, rate: float) -> None:
    """Have a player's next updates made at another learning rate."""
    for group in player.optimizer.param_groups:
        group["lr"] = rate


def check_finite(terms: Mapping[str, Tensor], update: int) -> None:
    """Raise ArithmeticError, naming the term, if training has diverged."""
    for name, value in terms.items():
        if not torch.isfinite(value):
            raise ArithmeticError(f"{name} is {float(value)} at update {update}")
