"""From the arguments of `tgan evaluate` to its jobs."""

from argparse import Namespace
from dataclasses import dataclass, field
from typing import Any

from tgan.cli.evaluate_arguments import GAM, NEAREST, picture_path
from tgan.cli.subjects import (
    about,
    bare_config,
    check_rivals,
    check_unseen,
    generated_clips,
    player,
    real_clips,
)
from tgan.config import Config
from tgan.data.clips import ClipSource
from tgan.evaluation.comparison import Comparison
from tgan.evaluation.controls import CONTROLS, ControlClips
from tgan.evaluation.copies import Copies
from tgan.evaluation.measures import Measure, build_measures, parse_metric
from tgan.evaluation.networks import check_network, load_networks, network_names
from tgan.evaluation.report import versions
from tgan.evaluation.runner import Job
from tgan.evaluation.streams import Clips, RealClips, halves
from tgan.evaluation.swap import Swap
from tgan.features import FeatureNetwork
from tgan.lookup import counted, look_up
from tgan.metrics.pooled import pooled_size
from tgan.runs.trained import TrainedRun, load

SAMPLES, CONTROL = "samples", "control "
# Samples share no seed with previews nor with training's distance; another --seed takes the next
# two million, of which gam may need all.
FIRST_SEED, SEEDS_EACH = 2_000_000, 2_000_000
# Samples whose nearest training clip is looked for.
QUERIES = 8


@dataclass
class Plan:
    """Jobs by name, the settings that they depend on, and what the user should know before.

    Attributes:
        shared: the settings that belong to every number's protocol.
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def make_jobs(arguments: Namespace) -> Plan:
    """Load everything, try every network, and say what will be done.

    Raises:
        ValueError: a name, a path or a network that cannot be used.
    """
    for name in arguments.controls:
        look_up(CONTROLS, name, kind="control")
    subject = _subject(arguments)
    config = _config(arguments, subject)
    arguments.metrics = arguments.metrics or default_metrics(config.data.num_frames)
    names = [name for name in arguments.metrics if name not in (GAM, NEAREST)]
    wanted = [parse_metric(name, network_names()).network for name in names]
    source, of_data = real_clips(subject, config, arguments.data)
    networks = load_networks(wanted, source.shape, paths=arguments.network, device=arguments.device)
    real = RealClips(source, seed=arguments.seed, device=arguments.device)
    for network in networks.values():
        check_network(network, real(0, 2))
    others, about_others = _control_clips(arguments, subject, config, of_data)
    builder = _Builder(arguments, names, networks, source, config.data.stride, real, others)
    plan = Plan()
    if subject is not None and names:
        clips = generated_clips(subject, builder.first_seed)
        plan.jobs[SAMPLES] = builder.comparison(real, clips)
    for name in arguments.controls:
        plan.jobs[CONTROL + name] = builder.control(name)
    rival = _add_own_jobs(plan, arguments, subject, builder)
    _describe(plan, arguments, builder, of_data, subject, rival)
    plan.settings["control_data"] = about_others
    return plan


def default_metrics(num_frames: int) -> list[str]:
    """Those that need no weights, for clips of so many frames."""
    pooled = f"pooled{pooled_size(num_frames)}"
    names = [f"frechet_{pooled}", f"kid_{pooled}", f"diversity_{pooled}", "diversity_pixels"]
    return names if num_frames == 1 else [*names, "acd_color"]


@dataclass
class _Builder:
    """What several jobs are made of.

    Attributes:
        others: clips that controls are made of; None takes a half of `source`.
    """

    arguments: Namespace
    names: list[str]
    networks: dict[str, FeatureNetwork]
    source: ClipSource
    stride: int
    real: RealClips
    others: ClipSource | None

    @property
    def first_seed(self) -> int:
        return FIRST_SEED + self.arguments.seed * SEEDS_EACH

    @property
    def sizes(self) -> dict[str, int]:
        return {"samples": self.arguments.samples, "batch_size": self.arguments.batch_size}

    def measures(self) -> list[Measure]:
        return build_measures(
            self.names,
            self.networks,
            samples=self.arguments.samples,
            frames=self.source.num_frames,
        )

    def comparison(self, real: Clips, fake: Clips) -> Comparison:
        batch_size = self.arguments.batch_size
        return Comparison(self.measures(), real=real, fake=fake, batch_size=batch_size)

    def control(self, name: str) -> Comparison:
        """Other clips, changed, against the real ones; without any, half against half."""
        if self.others is None:
            real, others = (self.draws(half) for half in halves(self.source))
        else:
            real, others = self.real, self.draws(self.others)
        return self.comparison(real, ControlClips(name, others))

    def draws(self, source: ClipSource) -> RealClips:
        return RealClips(source, seed=self.arguments.seed, device=self.arguments.device)


def _add_own_jobs(
    plan: Plan, arguments: Namespace, subject: TrainedRun | None, builder: _Builder
) -> TrainedRun | None:
    """Add gam and nearest if they are asked for; the run that gam is against."""
    rival = None
    if {GAM, NEAREST} & set(arguments.metrics):
        check_unseen(subject, builder.source, arguments.data)
    if GAM in arguments.metrics:
        rival = load(arguments.against, weights=arguments.weights, device=arguments.device)
        plan.warnings += check_rivals(subject, rival)
        plan.jobs[GAM] = Swap(
            player(subject, builder.first_seed),
            player(rival, builder.first_seed),
            train=builder.draws(subject.data),
            held_out=builder.real,
            **builder.sizes,
        )
    if NEAREST in arguments.metrics:
        plan.jobs[NEAREST] = Copies(
            train=builder.draws(subject.data),
            fake=generated_clips(subject, builder.first_seed),
            held_out=builder.real,
            count=QUERIES,
            picture=picture_path(arguments.json),
            **builder.sizes,
        )
    return rival


def _describe(
    plan: Plan,
    arguments: Namespace,
    builder: _Builder,
    of_data: dict[str, Any],
    subject: TrainedRun | None,
    rival: TrainedRun | None,
) -> None:
    frames, height, width, channels = builder.source.shape
    plan.shared = {
        "clips": {
            "frames": frames,
            "stride": builder.stride,
            "height": height,
            "width": width,
            "channels": channels,
        },
        "data": of_data,
        "seeds": {"first_sample": builder.first_seed, "real_clips": arguments.seed},
    }
    plan.settings = {
        "run": None if subject is None else about(subject),
        "against": None if rival is None else about(rival),
        **plan.shared,
        **builder.sizes,
        "metric_names": arguments.metrics,
        "control_names": arguments.controls,
        "networks": {name: dict(n.protocol) for name, n in builder.networks.items()},
        "device": arguments.device,
        "versions": versions(),
    }
    plan.warnings += [f"skipped {name}: {reason}" for name, reason in builder.source.skipped]
    if len(builder.source) < arguments.samples:
        plan.warnings.append(
            f"{arguments.samples} real clips are drawn from "
            f"{counted(len(builder.source), 'video')}: clips of one video are alike, so spreads "
            "are understated"
        )


def _control_clips(
    arguments: Namespace, subject: TrainedRun | None, config: Config, real: dict[str, Any]
) -> tuple[ClipSource | None, dict[str, Any] | None]:
    """The clips of `--control-data`, and what they are, for JSON."""
    if arguments.control_data is None:
        return None, None
    source, of_data = real_clips(subject, config, arguments.control_data)
    if of_data["from"] == real["from"]:
        raise ValueError(
            f"--control-data '{of_data['from']}' are the real clips themselves; leave it out for "
            "one half of them against the other"
        )
    return source, of_data


def _subject(arguments: Namespace) -> TrainedRun | None:
    if arguments.run is None:
        return None
    return load(arguments.run, weights=arguments.weights, device=arguments.device)


def _config(arguments: Namespace, subject: TrainedRun | None) -> Config:
    if subject is not None:
        return subject.config
    return bare_config(
        arguments.data,
        resolution=arguments.resolution,
        num_frames=arguments.num_frames,
        stride=arguments.stride,
        channels=arguments.channels,
    )
