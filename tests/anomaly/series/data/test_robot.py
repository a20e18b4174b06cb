"""The simulated robot's log against mechanics, by what it truly did and by hand."""

import numpy as np
import pytest

from tgan.anomaly.series.data.robot import (
    NAMES,
    UNITS,
    drive,
    drive_with_faults,
    normal_odometry,
    robot_with_faults,
)
from tgan.anomaly.series.data.wheels import CARPETED, RATE, ROOM

LEFT, RIGHT, YAW, ACCELERATION, LEFT_CURRENT, RIGHT_CURRENT = range(6)
RADIUS, TRACK = 0.1, 0.4
MINUTES = 20


@pytest.fixture(scope="module")
def normal():
    """A drive without faults, and its log."""
    return drive(3, 0, seconds=60 * MINUTES), normal_odometry(seed=3, minutes=MINUTES).values


@pytest.fixture(scope="module")
def faulty():
    """A labelled pair, the drive behind its test series, and that one's episodes in samples."""
    one = robot_with_faults(seed=5, minutes=40, train_minutes=5, episodes=2)
    truth = drive_with_faults(seed=5, minutes=40, episodes=2)
    return one, truth, truth.episodes(first=0)


def samples(episodes, *names):
    """Numbers of the samples in episodes of these faults."""
    return np.concatenate([np.arange(a, b + 1) for name, a, b in episodes if name in names])


def yaw_residuals(values):
    return values[:, YAW] - (values[:, RIGHT] - values[:, LEFT]) * RADIUS / TRACK


def test_the_gyro_integrates_to_the_change_of_heading(normal):
    truth, values = normal
    turns = np.diff(truth.headings[RATE - 1 :: 60 * RATE], prepend=np.nan)[1:]
    measured = values[1:, YAW][: 60 * len(turns)].reshape(-1, 60).sum(1)
    # Four deviations of a bias of 0.001 and of noise of 0.005 rad/s.
    np.testing.assert_allclose(measured, turns, rtol=0, atol=0.24 + 0.16)
    assert np.abs(turns).mean() > 1


def test_acceleration_is_the_change_of_the_speed_over_ground(normal):
    truth, values = normal
    moves = np.diff(truth.positions, axis=0, prepend=truth.positions[:1])
    ahead = np.stack([np.cos(truth.headings), np.sin(truth.headings)], axis=1)
    speeds = (moves * ahead).sum(1)[RATE - 1 :: RATE] * RATE
    rest = values[1:, ACCELERATION] - np.diff(speeds)
    assert abs(rest.mean()) < 0.002 and 0.018 < rest.std() < 0.022
    assert values[:, ACCELERATION].std() > 0.08


def test_dead_reckoning_by_the_log_ends_where_the_robot_is(normal):
    truth, values = normal
    places, headings = truth.positions[RATE - 1 :: RATE], truth.headings[RATE - 1 :: RATE]
    for start in range(0, len(values) - 30, 30):
        part = values[start + 1 : start + 31]
        turned = headings[start] + np.cumsum(part[:, YAW]) - part[:, YAW] / 2
        path = RADIUS * (part[:, LEFT] + part[:, RIGHT]) / 2
        moved = np.array([path @ np.cos(turned), path @ np.sin(turned)])
        error = np.linalg.norm(places[start] + moved - places[start + 30])
        assert error < 0.1 + 0.05 * np.abs(path).sum()


def test_the_gyro_agrees_with_the_wheels_unless_one_is_broken(normal, faulty):
    residuals = yaw_residuals(normal[1])
    assert residuals.std() < 0.02 and np.abs(residuals).max() < 0.1
    one, _, episodes = faulty
    residuals = yaw_residuals(one.test.values)
    broken = samples(episodes, "broken wheel")
    assert np.abs(np.delete(residuals, broken)).max() < 0.1
    for name, start, end in episodes:
        if name == "broken wheel":
            part = slice(start + 2, end)
            drives = one.test.values[part, LEFT] > 2
            assert drives.sum() > 15
            # A left wheel that turns more than it moves: the robot turns to the left of what it
            # should by at least a tenth of the wheel's speed.
            expected = RADIUS * one.test.values[part, LEFT][drives] / TRACK
            assert (residuals[part][drives] > 0.1 * expected).mean() > 0.9


def test_a_broken_wheel_need_not_leave_the_usual_ranges(normal, faulty):
    one, _, episodes = faulty
    broken = one.test.values[samples(episodes, "broken wheel")]
    inside = (broken >= normal[1].min(0)) & (broken <= normal[1].max(0))
    assert inside.all(1).mean() > 0.8
    assert inside[:, [YAW, ACCELERATION, RIGHT_CURRENT]].mean() > 0.98


def straight(truth, values):
    """Samples in which the robot drives forwards without a turn on one kind of ground."""
    x = truth.positions[:, 0].reshape(-1, RATE)
    one_ground = (x.min(1) > CARPETED) | (x.max(1) < CARPETED)
    ahead = (np.abs(values[:, YAW]) < 0.05) & (values[:, [LEFT, RIGHT]].min(1) > 1)
    return one_ground & ahead, x.mean(1) > CARPETED


def test_currents_are_what_friction_and_acceleration_ask_for(normal):
    truth, values = normal
    chosen, carpet = straight(truth, values)
    currents = values[:, [LEFT_CURRENT, RIGHT_CURRENT]].mean(1)
    speeds = values[:, [LEFT, RIGHT]].mean(1)
    for where, share in ((chosen & ~carpet, 0.02), (chosen & carpet, 0.08)):
        table = np.stack([np.ones(len(speeds)), speeds, values[:, ACCELERATION]], axis=1)[where]
        constant, per_speed, per_acceleration = np.linalg.lstsq(table, currents[where])[0]
        # Half of the resistance and of 12 kg at a radius of 0.1 m, 1.2 N m / A; and the motor's.
        assert where.sum() > 50
        assert constant + 4 * per_speed == pytest.approx(
            (share * 12 * 9.81 / 2 * 0.1 + 0.25 + 0.02 * 4) / 1.2, abs=0.02
        )
        assert per_acceleration == pytest.approx(12 / 2 * 0.1 / 1.2, rel=0.1)
    still = np.abs(values[:, [LEFT, RIGHT, YAW]]).max(1) < 0.06
    assert still.sum() > 200 and abs(currents[still].mean()) < 0.01


def test_a_broken_wheel_rubs(faulty):
    one, truth, episodes = faulty
    chosen, _ = straight(truth, one.test.values)
    excess = one.test.values[:, LEFT_CURRENT] - one.test.values[:, RIGHT_CURRENT]
    broken = np.isin(np.arange(len(excess)), samples(episodes, "broken wheel"))
    # The rubbing torque is between 0.1 and 0.4 N m.
    assert 0.1 / 1.2 < np.median(excess[chosen & broken]) < 0.4 / 1.2 + 0.03
    assert abs(np.median(excess[chosen & ~broken])) < 0.01


def test_a_crash_stops_at_once_pushes_stands_and_backs_off(normal, faulty):
    one, truth, episodes = faulty
    speeds = truth.motions[:, 0]
    assert np.abs(np.diff(normal[0].motions[:, 0])).max() * RATE < 1
    crashes = [(start, end) for name, start, end in episodes if name == "crash"]
    for start, end in crashes:
        within = slice(start * RATE, (end + 1) * RATE)
        assert np.diff(speeds[within]).min() * RATE < -4  # m/s^2
        # Nothing moves while wheels that hardly turn draw more than they ever do in such a second.
        push = one.test.values[start + 1]
        assert np.abs(push[[LEFT, RIGHT]]).max() < 1
        assert push[[LEFT_CURRENT, RIGHT_CURRENT]].min() > 0.9
        track = truth.positions[within]
        moved = track[-1] - track[RATE]
        heading = truth.headings[within][-1]
        assert -0.5 < moved @ [np.cos(heading), np.sin(heading)] < -0.3
    values = normal[1]
    slow = np.abs(values[:, [LEFT, RIGHT]]).max(1) < 1
    assert values[slow][:, [LEFT_CURRENT, RIGHT_CURRENT]].min(1).max() < 0.9


def test_standing_reversing_and_sharp_turns_are_normal(faulty):
    one, _, episodes = faulty
    values = np.delete(one.test.values, samples(episodes, "crash", "broken wheel"), axis=0)
    still = np.abs(values[:, [LEFT, RIGHT]]).max(1) < 0.1
    edges = np.flatnonzero(np.diff(still.astype(int), prepend=0, append=0))
    assert (edges[1::2] - edges[::2] > 10).sum() > 20
    back = values[:, [LEFT, RIGHT]].max(1) < -1
    assert back.sum() > 20 and np.abs(values[:, YAW][back]).max() < 0.2
    assert (np.abs(values[:, YAW]) > 0.9).mean() > 0.05


def test_the_robot_stays_in_its_room(normal, faulty):
    for truth in (normal[0], faulty[1]):
        assert (truth.positions > 0).all() and (truth.positions < ROOM).all()
        assert (np.ptp(truth.positions, axis=0) > 0.7 * np.array(ROOM)).all()


def test_known_intervals_lie_apart_in_the_test_series(faulty):
    one, truth, episodes = faulty
    first, last = one.test.timestamps[[0, -1]]
    assert one.labels == [(first + start, first + end) for _, start, end in episodes]
    assert sorted(name for name, _, _ in episodes) == ["broken wheel"] * 2 + ["crash"] * 2
    ends = [first, *np.ravel(one.labels), last]
    assert (np.diff(ends)[::2] > 60).all()
    for name, start, end in episodes:
        shortest, longest = (60, 151) if name == "broken wheel" else (9, 28)
        assert shortest <= end - start + 1 <= longest
        # Both ends are part of the episode, and their neighbours are not.
        by_second = truth.faults.reshape(-1, RATE)
        assert by_second[[start, end]].any(1).all() and not by_second[[start - 1, end + 1]].any()
    gaps = np.diff([start for _, start, _ in episodes])
    assert gaps.std() > 0.05 * gaps.mean()


def test_a_labelled_pair_is_of_one_rate_and_in_order(faulty):
    one, _, _ = faulty
    assert (one.group, one.name, one.interval) == ("robot", "seed-5", 1)
    np.testing.assert_array_equal(
        one.train.values, normal_odometry(seed=5, minutes=5).values, strict=True
    )
    times = np.concatenate([one.train.timestamps, one.test.timestamps])
    assert (np.diff(times) == 1).all() and len(times) == 45 * 60
    assert one.test.names == one.train.names == NAMES and len(UNITS) == 6


def test_the_same_seed_gives_the_same_log_and_another_one_another():
    first, again, third = (
        robot_with_faults(seed=seed, minutes=20, train_minutes=1, episodes=1) for seed in (0, 0, 4)
    )
    np.testing.assert_array_equal(again.test.values, first.test.values)
    assert again.labels == first.labels != third.labels
    shorter, longer, other = (
        normal_odometry(seed=seed, minutes=minutes).values
        for seed, minutes in ((1, 2), (1, 3), (2, 2))
    )
    np.testing.assert_array_equal(longer[:120], shorter)
    pairs = [(shorter, other), (first.test.values, third.test.values)]
    # Nor is the test series the training series once more.
    for one, another in [*pairs, (first.train.values, first.test.values[:60])]:
        changes = np.corrcoef(one[:, LEFT], another[:, LEFT])[0, 1]
        assert abs(changes) < 0.9 and not np.isclose(one, another).all(1).any()


def test_logs_that_are_too_short():
    with pytest.raises(ValueError, match="0 minutes of a robot's log; the shortest is a second"):
        normal_odometry(seed=0, minutes=0)
    with pytest.raises(ValueError, match="59 minutes for 3 episodes of 2 faults; at least 1, and"):
        robot_with_faults(seed=0, minutes=59)
    with pytest.raises(ValueError, match="90 minutes for 0 episodes"):
        robot_with_faults(seed=0, minutes=90, episodes=0)
