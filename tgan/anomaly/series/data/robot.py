"""Logs of a simulated robot that runs errands in a room, with faults on request.

The channels follow from one motion: the gyro's yaw rate is the difference of the wheels' speeds on
the ground over the track, and the currents are those that friction and Newton's laws require. A
fault breaks such a relation, and need not put any channel out of its normal range.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tgan.anomaly.series.data.series import Series
from tgan.anomaly.series.data.sets import Labelled
from tgan.anomaly.series.data.wheels import RATE, ROOM, Command, Robot
from tgan.rng import Stream, numpy_rng

NAMES = ("left_speed", "right_speed", "yaw_rate", "acceleration", "left_current", "right_current")
UNITS = ("rad/s", "rad/s", "rad/s", "m/s^2", "A", "A")
# Standard deviations of the sensors' noise in a mean over a second, in these units.
NOISE = (0.02, 0.02, 0.005, 0.02, 0.03, 0.03)
# Standard deviations of biases that calibration leaves, constant within a log.
BIASES = (0.0, 0.0, 0.001, 0.0, 0.0, 0.0)
TORQUE_PER_AMPERE = 1.2  # N m / A at the wheel, gears included

START = 1704067200  # 2024-01-01
# Every fault has an equal share of the series: the shortest share, and where in it faults begin.
_SHORTEST, _ONSETS = 600, (0.1, 0.5)  # s
# Then a fault waits for seconds of driving above a speed in m/s, exponentially distributed.
_WAIT, _DRIVING = 5.0, 0.25


def _hold(command: Command, seconds: float) -> Iterator[Command]:
    for _ in range(round(seconds * RATE)):
        yield command


def _drive_to(robot: Robot, place: tuple[float, float], speed: float) -> Iterator[Command]:
    """Turn on the spot until the place lies ahead; drive; brake in time."""
    while True:
        x, y = place[0] - robot.position[0], place[1] - robot.position[1]
        distance = math.hypot(x, y)
        if distance < 0.2:
            return
        error = math.remainder(math.atan2(y, x) - robot.heading, math.tau)
        ahead = min(speed, math.sqrt(2 * 0.3 * distance)) if abs(error) < 0.6 else 0.0
        yield ahead, min(max(2 * error, -1.0), 1.0)


def _errands(robot: Robot, rng: np.random.Generator) -> Iterator[Command]:
    """Go from place to place without end; at some stop and wait, and back out of some of those."""
    while True:
        place = tuple(rng.uniform(0.5, np.subtract(ROOM, 0.5)).tolist())
        speed, kind = rng.uniform(0.3, 0.6), rng.random()
        yield from _drive_to(robot, place, speed)
        if kind < 0.3:
            yield from _hold((0.0, 0.0), rng.uniform(5, 40))
        if kind < 0.15:
            yield from _hold((-0.15, 0.0), 3)


def _broken_wheel(
    robot: Robot, rng: np.random.Generator, errands: Iterator[Command]
) -> Iterator[Command]:
    """Loosen the hub of the left wheel for 1 to 2.5 minutes, and let the wheel rub."""
    robot.looseness, robot.drag = rng.uniform(0.2, 0.5), rng.uniform(0.1, 0.4)
    for _ in range(round(rng.uniform(60, 150) * RATE)):
        yield next(errands)
    robot.looseness = robot.drag = 0.0


def _crash(robot: Robot, rng: np.random.Generator, errands: Iterator[Command]) -> Iterator[Command]:
    """Run into something, push it until the motors are cut, stand, and back off."""
    robot.push = rng.uniform(0.3, 1.0)
    yield from _hold(robot.command, rng.uniform(1.5, 4))
    robot.push, robot.command = 0.0, (0.0, 0.0)
    yield from _hold((0.0, 0.0), rng.uniform(5, 20))
    yield from _hold((-0.15, 0.0), 3)


Fault = Callable[[Robot, np.random.Generator, Iterator[Command]], Iterator[Command]]
FAULTS: dict[str, Fault] = {"broken wheel": _broken_wheel, "crash": _crash}


@dataclass(frozen=True, eq=False)
class Drive:
    """True motion of the robot in each of n steps of 1 / `RATE` seconds.

    Attributes:
        positions: (n, 2), m.
        headings: (n,), rad, not wrapped.
        motions: (n, 2), m/s forward and rad/s to the left.
        wheels: (n, 2), rad/s, left and right.
        torques: (n, 2), N m, left and right.
        faults: (n,), places in `FAULTS` from 1, or 0.
    """

    positions: np.ndarray
    headings: np.ndarray
    motions: np.ndarray
    wheels: np.ndarray
    torques: np.ndarray
    faults: np.ndarray

    def log(self, rng: np.random.Generator, *, first: int = START) -> Series:
        """Average what sensors measure over every second: `NAMES`, in `UNITS`.

        Args:
            first: time of the first sample, which is the mean over the second that follows.
        """
        speeds = self.motions[:, :1]
        accelerations = np.diff(speeds, axis=0, prepend=0) * RATE
        currents = self.torques / TORQUE_PER_AMPERE
        columns = [self.wheels, self.motions[:, 1:], accelerations, currents]
        fine = np.concatenate(columns, axis=1)
        means = fine.reshape(-1, RATE, fine.shape[1]).mean(1)
        biases = np.multiply(BIASES, rng.standard_normal())
        values = means + biases + NOISE * rng.standard_normal(means.shape)
        return Series(first + np.arange(len(values), dtype=np.int64), values, NAMES)

    def episodes(self, *, first: int = START) -> list[tuple[str, int, int]]:
        """List faults in order, with the times of their first and last sample in the log."""
        faults = self.faults.reshape(-1, RATE).max(1)
        edges = np.flatnonzero(np.diff(faults, prepend=0, append=0))
        names = ["", *FAULTS]
        return [
            (names[faults[start]], first + int(start), first + int(end) - 1)
            for start, end in zip(edges[::2], edges[1::2], strict=True)
        ]


def drive(*keys: int, seconds: int, due: Sequence[tuple[float, str]] = ()) -> Drive:
    """Simulate errands; a function of the arguments.

    Args:
        keys: of the random numbers.
        seconds: length of the log.
        due: seconds from which faults in `FAULTS` wait to begin, in order; each begins while the
            robot drives, and after the previous one is over.
    """
    rng, gusts = numpy_rng(Stream.ROBOT, *keys, 0), numpy_rng(Stream.ROBOT, *keys, 1)
    robot, pending, steps = Robot(), list(due), []
    plan = errands = _errands(robot, rng)
    for gust in gusts.standard_normal((seconds * RATE, 2)).tolist():
        is_due = pending and plan is errands and len(steps) >= pending[0][0] * RATE
        if is_due and robot.motion[0] > _DRIVING and rng.random() < 1 / (_WAIT * RATE):
            _, name = pending.pop(0)
            robot.fault = [*FAULTS].index(name) + 1
            plan = FAULTS[name](robot, rng, errands)
        wanted = next(plan, None)
        if wanted is None:  # The fault is over, and the errand is given up.
            robot.fault = 0
            plan = errands = _errands(robot, rng)
            wanted = next(plan)
        robot.step(wanted, gust)
        state = *robot.position, robot.heading, *robot.motion, *robot.wheels, *robot.torques
        steps.append((*state, robot.fault))
    table = np.array(steps)
    columns = table[:, :2], table[:, 2], table[:, 3:5], table[:, 5:7], table[:, 7:9]
    return Drive(*columns, table[:, 9].astype(np.int64))


def drive_with_faults(*, seed: int, minutes: float = 180.0, episodes: int = 3) -> Drive:
    """Simulate errands with episodes of each fault, in random order at irregular times.

    Raises:
        ValueError: no episodes, or fewer than 10 minutes for each.
    """
    seconds, count = _seconds(minutes), episodes * len(FAULTS)
    if episodes < 1 or seconds < count * _SHORTEST:
        raise ValueError(
            f"{minutes:g} minutes for {episodes} episodes of {len(FAULTS)} faults; "
            f"at least 1, and {_SHORTEST // 60} minutes for each of them"
        )
    rng = numpy_rng(Stream.ROBOT, seed, 1, 3)
    names = rng.permutation([*FAULTS] * episodes).tolist()
    shares = np.arange(count) + rng.uniform(*_ONSETS, count)
    due = [
        (float(share * seconds / count), name) for share, name in zip(shares, names, strict=True)
    ]
    return drive(seed, 1, seconds=seconds, due=due)


def normal_odometry(*, seed: int, minutes: float = 120.0) -> Series:
    """Simulate the log of a robot without faults, a sample per second.

    A longer log begins with the samples of a shorter one.

    Raises:
        ValueError: less than a second.
    """
    return drive(seed, 0, seconds=_seconds(minutes)).log(numpy_rng(Stream.ROBOT, seed, 0, 2))


def robot_with_faults(
    *, seed: int, minutes: float = 180.0, train_minutes: float = 120.0, episodes: int = 3
) -> Labelled:
    """Simulate a normal log to learn from, and a later one of the same robot with faults.

    Args:
        minutes: length of the log with faults.
        train_minutes: length of the normal one, `normal_odometry` of the same seed.
        episodes: of each fault in `FAULTS`.

    Raises:
        ValueError: as `drive_with_faults` and `normal_odometry`.

    Example:
        >>> robot = robot_with_faults(seed=0)
        >>> TadGANDetector("dense", window=20).fit(robot.train).detect(robot.test)
    """
    faulty = drive_with_faults(seed=seed, minutes=minutes, episodes=episodes)
    train = normal_odometry(seed=seed, minutes=train_minutes)
    first = int(train.timestamps[-1]) + 1
    test = faulty.log(numpy_rng(Stream.ROBOT, seed, 1, 2), first=first)
    labels = [(start, end) for _, start, end in faulty.episodes(first=first)]
    return Labelled("robot", f"seed-{seed}", 1, train, test, labels)


def _seconds(minutes: float) -> int:
    seconds = round(60 * minutes)
    if seconds < 1:
        raise ValueError(f"{minutes:g} minutes of a robot's log; the shortest is a second")
    return seconds
