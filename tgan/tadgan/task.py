"""The TadGAN task: four networks, three optimisers, one step; and the loop that trains it."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count

import torch
from torch import Tensor, nn

from tgan.data.sampler import ClipSampler
from tgan.losses import OBJECTIVES
from tgan.noise import Noise
from tgan.rng import Stream, seed_of
from tgan.tadgan.autoencoders import start_from_components
from tgan.tadgan.settings import TadGANSettings
from tgan.tadgan.steps import Autoencoder, CycleGame, cycle_step
from tgan.training.state import Tensors, flatten_optimizer, load_network, load_optimizer
from tgan.training.steps import Batch, Player, Terms

# Steps between two looks at whether losses are finite: each look waits for the device.
CHECK_EVERY = 25


class TadGANTask:
    """Trains an encoder, a decoder and two critics; a function of settings, seed and step.

    Args:
        settings: what they are.
        seed: of weights, dropout and penalties.
        device: where they lie.
        variance: of the training windows; used where `settings.per_variance`.

    Attributes:
        encoder, decoder, window_critic, latent_critic: the networks, in training mode.
        reals_per_step, latents_per_step: how many batches one step takes.

    Raises:
        ValueError: a network cannot be built so, or a critic cannot be constrained so.
    """

    def __init__(
        self,
        settings: TadGANSettings,
        *,
        seed: int,
        device: str | torch.device = "cpu",
        variance: float = 1.0,
    ) -> None:
        self.settings, self.seed, self.device = settings, seed, torch.device(device)
        self.reals_per_step = settings.n_critic + (not settings.reuses_last)
        self.latents_per_step = self.reals_per_step
        constraints = settings.make_constraint(), settings.make_constraint()
        examples = (
            torch.zeros(1, settings.channels, settings.window),
            torch.zeros(1, settings.latent_size),
        )
        with self._seeded(Stream.WEIGHTS):
            networks = settings.networks()
            critics = networks["window_critic"], networks["latent_critic"]
            for constraint, critic, example in zip(constraints, critics, examples, strict=True):
                constraint.attach(critic, (example,))
        networks = {name: network.to(self.device) for name, network in networks.items()}
        self.encoder, self.decoder, self.window_critic, self.latent_critic = networks.values()

        called = {k: InBfloat16(n) if settings.bf16 else n for k, n in networks.items()}
        self._players = {
            "autoencoder": self._player(Autoencoder(called["encoder"], called["decoder"])),
            "window_critic": self._player(called["window_critic"]),
            "latent_critic": self._player(called["latent_critic"]),
        }
        self._game = CycleGame(
            **self._players,
            objective=OBJECTIVES[settings.objective],
            window_constraint=constraints[0],
            latent_constraint=constraints[1],
            reconstruction=settings.reconstruction / (variance if settings.per_variance else 1.0),
        )

    def step(
        self, step: int, reals: Iterator[Batch], latents: Iterator[Tensor], *, rate: float = 1.0
    ) -> Terms:
        """Take step number `step` (from 0): one update of encoder and decoder.

        Args:
            reals: yields windows (N, C, W) on the device.
            latents: yields latents (N, K) on the device.
            rate: what the learning rates are multiplied by.

        Returns:
            Detached scalars on the device; no one waits for them here.
        """
        for player in self._players.values():
            for group in player.optimizer.param_groups:
                group["lr"] = self.settings.learning_rate * rate
        with self._seeded(Stream.NOISE, step):
            return cycle_step(
                self._game,
                reals=reals,
                latents=latents,
                noise=Noise(self.seed, step),
                update=step * self.settings.n_critic + 1,
                n_critic=self.settings.n_critic,
                reuses_last=self.settings.reuses_last,
            )

    def networks(self) -> dict[str, nn.Module]:
        """The networks by name."""
        return {
            "encoder": self.encoder,
            "decoder": self.decoder,
            "window_critic": self.window_critic,
            "latent_critic": self.latent_critic,
        }

    def tensors(self) -> dict[str, Tensors]:
        """Everything that training changes, by the name of the file that holds it."""
        tensors = {name: network.state_dict() for name, network in self.networks().items()}
        for name, player in self._players.items():
            tensors[f"{name}_optimizer"] = flatten_optimizer(player.optimizer)
        return {name: state for name, state in tensors.items() if state}

    def load_tensors(self, tensors: Mapping[str, Tensors]) -> None:
        """Take over what `tensors()` gave.

        Raises:
            ValueError: a network or an optimiser is missing or of another shape.
        """
        for name, network in self.networks().items():
            load_network(network, tensors.get(name, {}), name=name)
        for name, player in self._players.items():
            if f"{name}_optimizer" not in tensors:
                raise ValueError(f"the checkpoint has no optimiser of the {name} to go on with")
            load_optimizer(player.optimizer, tensors[f"{name}_optimizer"])

    def _player(self, network: nn.Module) -> Player:
        settings = self.settings
        trained = [p for p in network.parameters() if p.requires_grad]
        betas = settings.beta1, settings.beta2
        optimizer = torch.optim.Adam(trained, settings.learning_rate, betas)
        scaler = torch.amp.GradScaler(self.device.type, enabled=False)
        return Player(network, network, optimizer, scaler)

    @contextmanager
    def _seeded(self, stream: Stream, *keys: int) -> Iterator[None]:
        """Weights and dropout come from the global generator, which is as before afterwards."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed_of(stream, self.seed, *keys))
            yield


class InBfloat16(nn.Module):
    """A network that computes in bfloat16 from float32 weights, and answers in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, torch.bfloat16):
            return self.network(x).float()


def train(
    windows: Tensor,
    settings: TadGANSettings,
    *,
    seed: int,
    steps: int,
    first: int = 0,
    task: TadGANTask | None = None,
    device: str | torch.device = "cpu",
    report: Callable[[int, Terms], None] = lambda step, terms: None,
) -> TadGANTask:
    """Train on windows; a function of them, the settings, the seed and the number of steps.

    Batches run through all windows in a random order, then in another one, and so on. Orion drops
    the rest of a pass that makes no whole step; here the next pass completes it.

    Args:
        windows: (M, C, W) in [-1, 1], float32.
        seed: of weights, order, latents, dropout and penalties.
        steps: updates of encoder and decoder in all.
        first: steps that `task` has made already: training goes on as if it had never stopped.
        task: to go on with; a new one if None.
        device: of a new task.
        report: called after every step with its number (from 0) and its terms, on the device.

    Raises:
        ValueError: windows are of another shape or not finite, or `steps` is below 1.
        ArithmeticError: a loss is not finite; looked for after every 25 steps and the last one.
    """
    _check_windows(windows, settings)
    if steps < 1 or not 0 <= first <= steps:
        raise ValueError(f"cannot train from step {first} to step {steps}")
    if task is None:
        variance = float(windows.double().var(correction=0))
        if settings.per_variance and not variance:
            raise ValueError("all windows hold one and the same number: nothing to train on")
        task = TadGANTask(settings, seed=seed, device=device, variance=variance)
        if settings.starts_from_components:
            start_from_components(task.encoder, task.decoder, windows)
    on_device = windows.to(task.device)
    number = first * task.reals_per_step
    reals = _reals(on_device, settings.batch_size, seed, number)
    latents = _latents(settings, task.device, seed, number)
    for step in range(first, steps):
        rate = rate_at(step, steps, settings.cooldown)
        terms = task.step(step, reals, latents, rate=rate)
        if (step + 1) % CHECK_EVERY == 0 or step + 1 == steps:
            _check_terms(terms, step)
        report(step, terms)
    return task


def rate_at(step: int, steps: int, cooldown: float) -> float:
    """The share of the learning rate in a step: 1, then down to 0 in the last share `cooldown`."""
    return min(1.0, (steps - step) / (cooldown * steps)) if cooldown else 1.0


def _reals(windows: Tensor, batch_size: int, seed: int, first: int) -> Iterator[Batch]:
    sampler = ClipSampler(len(windows), batch_size=batch_size, seed=seed)
    for number in count(first):
        yield Batch(windows[torch.from_numpy(sampler.indices(number)).to(windows.device)])


def _latents(
    settings: TadGANSettings, device: torch.device, seed: int, first: int
) -> Iterator[Tensor]:
    """Standard normal numbers, drawn on the CPU so that every device gets the same ones."""
    shape = settings.batch_size, settings.latent_size
    for number in count(first):
        generator = torch.Generator().manual_seed(seed_of(Stream.LATENTS, seed, number))
        yield torch.randn(shape, generator=generator).to(device)


def _check_windows(windows: Tensor, settings: TadGANSettings) -> None:
    expected = (settings.channels, settings.window)
    if windows.ndim != 3 or windows.shape[1:] != expected or not len(windows):
        raise ValueError(
            f"windows of shape {tuple(windows.shape)} for a TadGAN of (windows, channels, steps) "
            f"(1 or more, {expected[0]}, {expected[1]})"
        )
    if not torch.isfinite(windows).all():
        raise ValueError("windows hold numbers that are not finite")


def _check_terms(terms: Terms, step: int) -> None:
    for name, value in zip(terms, torch.stack(list(terms.values())).tolist(), strict=True):
        if not math.isfinite(value):
            raise ArithmeticError(f"TadGAN's {name} is {value} at step {step}")
