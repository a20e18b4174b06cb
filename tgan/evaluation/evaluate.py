"""Evaluation of a run: its samples beside real clips, or against another run."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Integral
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from tgan.config import DataConfig
from tgan.config.data_sets import DATA_SETS
from tgan.data.clips import ClipSource
from tgan.evaluation.controls import CONTROLS
from tgan.evaluation.data import RealData, as_clips, open_real
from tgan.evaluation.kinds import Kind, Metric
from tgan.evaluation.measures import default_metrics, parse_metrics
from tgan.evaluation.names import DEFAULT_CONTROLS, GAM, LIMITS, NEAREST
from tgan.evaluation.networks import (
    check_meaning,
    check_network,
    load_networks,
    network_names,
)
from tgan.evaluation.plan import Evaluation
from tgan.evaluation.runner import run_jobs
from tgan.evaluation.scores import Score, Scores
from tgan.evaluation.streams import Draws
from tgan.features import FeatureNetwork
from tgan.lookup import look_up
from tgan.runs.trained import HELD_OUT, TrainedRun, load
from tgan.system.device import pick_device
from tgan.system.files import check_not_there, check_writable

__all__ = ["Score", "Scores", "evaluate"]


def evaluate(
    run: TrainedRun | str | Path | None = None,
    *,
    data: str | Path | ClipSource | Any = None,
    metrics: str | Sequence[str | tuple[str, Kind | Metric]] | None = None,
    samples: int = 2048,
    seed: int = 0,
    batch_size: int = 16,
    networks: Mapping[str, str | Path | FeatureNetwork] | None = None,
    against: TrainedRun | str | Path | None = None,
    controls: str | Sequence[str] = (),
    control_data: str | Path | ClipSource | Any = None,
    resolution: int | None = None,
    num_frames: int | None = None,
    stride: int | None = None,
    channels: int | None = None,
    weights: str = "auto",
    device: str = "auto",
    picture: str | Path | None = None,
    state: str | Path | None = None,
    overwrite: bool = False,
    progress: bool | Callable[[int], tqdm] = True,
) -> Scores:
    """Measure samples of a run against real clips, with the protocol of every number.

    Example:
        >>> scores = tgan.evaluate("runs/demo", metrics=["frechet_pooled192"], samples=256)
        >>> scores["frechet_pooled192"].value
        4.13

    Args:
        run: a run, or its path; without one, controls alone are measured.
        data: real clips: `held-out` (the default) or `train`, those of the run; the path of a
            folder or file; clips of your own: a source, or what `tgan.data.own.source.as_source`
            makes one of, such as an array (N, T, H, W, C), uint8.
        metrics: names, see `docs/evaluation.md`, or pairs of a name and a metric of your own, see
            `tgan.evaluation.kinds.Metric`. By default those that need no weights, or `gam`
            with `against`.
        samples: clips of each kind.
        seed: another one takes other samples and other real clips.
        batch_size: clips at once.
        networks: by name a file of weights, or a network of your own, see
            `tgan.features.FeatureNetwork`; metrics of a network `mine` are `frechet_mine`, ...
        against: another run, for the metric `gam`.
        controls: corrupted real clips to measure as if they were samples, such as `real` (as they
            are), `shuffled`, `frozen`, `noise`, which are the default without a run; all are in
            `tgan.evaluation.controls`.
        control_data: clips that controls are made of, as `data`; by default one half of the real
            clips, which is measured against the other.
        resolution, num_frames, stride, channels: of the clips of a folder, where there is no run
            that says them; by default 64, 16, 1 and 3.
        weights, device: as for `tgan.load`, of runs that are loaded here.
        picture: a file for the metric `nearest`: each sample above its nearest training clip.
        state: a file that keeps the state of an interrupted evaluation; the same call goes on
            from it, and deletes it at the end.
        overwrite: replace `picture`, and a `state` of other settings.
        progress: whether to show a bar, or what makes one of a number of batches.

    Raises:
        ValueError: what is asked for cannot be measured; nothing has been.
        ArithmeticError: samples, features or scores that are not finite.
        KeyboardInterrupt: after the batch at hand; `state` is written.
    """
    sizes = {
        name: size
        for name, size in (
            *(("resolution", resolution), ("num_frames", num_frames)),
            *(("stride", stride), ("channels", channels)),
        )
        if size is not None
    }
    metrics, controls = _listed(metrics), _listed(controls)
    if run is None:
        controls = controls or list(DEFAULT_CONTROLS)
    elif data is None:
        data = HELD_OUT
    if against is not None:
        metrics = metrics or [GAM]
    for name, value in (("samples", samples), ("seed", seed), ("batch_size", batch_size)):
        _check_range(name, value)
    _check_request(run, data, metrics, against, controls, control_data, sizes)
    _check_files(picture if NEAREST in metrics else None, state, overwrite=overwrite)

    run = _loaded(run, weights=weights, device=device)
    _check_many(run)
    device = pick_device(device) if run is None else run.device
    frames = None if run is None else run.config.data.num_frames
    clips = as_clips(data, frames)
    settings = _settings(run, clips, sizes)
    are_pictures = DATA_SETS[settings.name].are_pictures
    metrics = metrics or default_metrics(settings.num_frames, are_pictures=are_pictures)
    over_networks = [metric for metric in metrics if metric not in (GAM, NEAREST)]
    parsed = parse_metrics(over_networks, {*network_names(), *(networks or {})})
    # First, as clips of a folder may take long to open.
    shape = (settings.num_frames, settings.resolution, settings.resolution, settings.channels)
    names = [named.network for named in parsed.values()]
    check_meaning(names, are_pictures=are_pictures)
    loaded = load_networks(names, shape, paths=networks, device=device)
    real = open_real(clips, settings, run)
    others = (
        None if control_data is None else open_real(as_clips(control_data, frames), settings, run)
    )
    _check_controls(real, others)
    draws = Draws(samples, batch_size, seed, device)
    for network in loaded.values():
        check_network(network, draws.real(real.source)(0, 2))
    evaluation = Evaluation(
        run=run,
        rival=_loaded(against, weights=weights, device=device),
        real=real,
        others=others,
        names=list(dict.fromkeys(m if isinstance(m, str) else m[0] for m in metrics)),
        metrics=parsed,
        networks=loaded,
        controls=controls,
        draws=draws,
        picture=None if picture is None else Path(picture),
    )
    return _measure(evaluation, state, overwrite=overwrite, progress=progress)


def _measure(
    evaluation: Evaluation,
    state: str | Path | None,
    *,
    overwrite: bool,
    progress: bool | Callable[[int], tqdm],
) -> Scores:
    early, jobs = evaluation.warnings, evaluation.jobs()
    state = None if state is None else Path(state)
    for line in early:
        warnings.warn(line, stacklevel=3)
    make_bar = progress if callable(progress) else partial(_bar, disable=not progress)
    with make_bar(sum(job.batches for job in jobs.values())) as bar:
        results = run_jobs(
            jobs, path=state, settings=evaluation.settings, bar=bar, discards_others=overwrite
        )
    scores = evaluation.scores(results)
    for line in scores.warnings[len(early) :]:
        warnings.warn(line, stacklevel=3)
    if state is not None:
        state.unlink(missing_ok=True)
    return scores


def _bar(total: int, *, disable: bool) -> tqdm:
    return tqdm(total=total, unit="batch", dynamic_ncols=True, disable=disable)


def _loaded(run: TrainedRun | str | Path | None, *, weights: str, device: str) -> TrainedRun | None:
    if run is None:
        return None
    if not isinstance(run, TrainedRun):
        return load(run, weights=weights, device=device)
    for name, wanted in (("weights", weights), ("device", device)):
        if wanted not in ("auto", getattr(run, name)):
            raise ValueError(
                f"{name} {wanted}: '{run.path}' was loaded with {name} {getattr(run, name)}"
            )
    return run


def _check_many(run: TrainedRun | None) -> None:
    if run is not None and run.is_of_one_picture:
        raise ValueError(
            f"'{run.path}' is of one picture, and metrics here are of many: tgan picture measure"
        )


def _settings(
    run: TrainedRun | None, data: str | ClipSource, sizes: Mapping[str, Any]
) -> DataConfig:
    """The sizes of the clips, as settings."""
    if run is not None:
        return run.config.data
    if isinstance(data, str):
        return DataConfig(**sizes)
    if sizes:
        raise ValueError(f"{next(iter(sizes))} is what your clips say; leave it out")
    of_clip: tuple[Any, ...] = data.shape
    return DataConfig(num_frames=of_clip[0], resolution=of_clip[1], channels=of_clip[3])


def _listed(names: str | Sequence | None) -> list:
    return [names] if isinstance(names, str) else list(names or ())


def _check_range(name: str, value: int) -> None:
    low, high = LIMITS[name]
    if not (isinstance(value, Integral) and low <= value <= high):
        raise ValueError(f"{name} {value} is not a whole number from {low} to {high}")


def _check_request(
    run: TrainedRun | str | Path | None,
    data: Any,
    metrics: Sequence,
    against: TrainedRun | str | Path | None,
    controls: Sequence[str],
    control_data: Any,
    sizes: Mapping[str, int],
) -> None:
    """Refuse what does not fit together, before anything is read."""
    for name in controls:
        look_up(CONTROLS, name, kind="control")
    if (GAM in metrics) != (against is not None):
        raise ValueError("the metric gam needs a second run, `against`, and only gam does")
    if run is None and data is None:
        raise ValueError("name a run, or real clips as `data`")
    for name in (GAM, NEAREST):
        if run is None and name in metrics:
            raise ValueError(f"the metric {name} needs a run")
    if run is not None and sizes:
        raise ValueError(f"{next(iter(sizes))} is what the run says; leave it out")
    if control_data is not None and not controls:
        raise ValueError("control_data is for controls: name some, such as real")
    if controls and metrics and all(metric in (GAM, NEAREST) for metric in metrics):
        raise ValueError("controls need a metric over a network: name some metrics")


def _check_controls(real: RealData, others: RealData | None) -> None:
    if others is not None and others.is_same(real):
        raise ValueError(
            f"control_data '{others.place}' are the real clips themselves; leave it out for one "
            "half of them against the other"
        )


def _check_files(picture: Any, state: Any, *, overwrite: bool) -> None:
    for path in (picture, state):
        if path is not None:
            check_writable(path)
    if picture is not None:
        check_not_there(picture, overwrite=overwrite)
