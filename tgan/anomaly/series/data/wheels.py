"""Motion of a robot on two driven wheels: its motors, its wheels and the floor.

It is simulated forwards from commanded speeds to the ground, and backwards from there to torques:
the motors' torques are those that friction and Newton's laws require.
"""

import math
from collections.abc import Sequence

WHEEL_RADIUS = 0.1  # m
TRACK = 0.4  # m, between the wheels
MASS = 12.0  # kg
INERTIA = 0.5  # kg m^2, about the vertical
WEIGHT = MASS * 9.81  # N
MOTOR_TIME = 0.15  # s, in which a wheel closes all but 1/e of the gap to its commanded speed
FRICTION, DAMPING = 0.25, 0.02  # N m, and N m s, of motor and gears
ROLLING, CARPET = 0.02, 0.08  # resistance as a share of the weight, on the floor and on the carpet
TRACTION = 0.6  # the largest force of the wheels as a share of the weight
SLIP, SLIP_DEVIATION, SLIP_TIME = 0.01, 0.01, 0.5  # lost shares of a wheel's speed; s
ROOM = (8.0, 6.0)  # m
CARPETED = 5.0  # m, from which x on there is a carpet
LIMITS = (0.4, 2.0)  # m/s^2 and rad/s^2, of commands
RATE = 20  # Hz, of the simulation

Command = tuple[float, float]  # m/s forward and rad/s to the left


class Robot:
    """State of the robot: its place, its motion, and its faults; it starts at rest.

    Attributes:
        position: x and y, m.
        heading: rad, from x towards y, not wrapped.
        motion: of the body, m/s forward and rad/s to the left.
        wheels: rad/s, left and right, as their encoders see them.
        torques: N m at the wheels, left and right.
        fault: its place in `FAULTS` from 1, or 0.
        looseness, drag: of the left wheel: the share of its speed that a loose hub loses, and the
            torque in N m with which the wheel rubs.
        push: the share of their traction with which the wheels push an obstacle; 0 without one.
    """

    def __init__(self) -> None:
        self.position, self.heading = (ROOM[0] / 2, ROOM[1] / 2), 0.0
        self.command: Command = (0.0, 0.0)
        self.motion = (0.0, 0.0)
        self.wheels, self.torques, self._slips = [0.0, 0.0], [0.0, 0.0], [SLIP, SLIP]
        self.fault, self.looseness, self.drag, self.push = 0, 0.0, 0.0, 0.0

    def step(self, wanted: Command, gusts: Sequence[float]) -> None:
        """Advance by one step.

        Args:
            wanted: command to approach, within the limits of acceleration.
            gusts: two standard normal numbers, for the slip of either wheel.
        """
        self.command = tuple(
            min(max(want, now - limit / RATE), now + limit / RATE)
            for want, now, limit in zip(wanted, self.command, LIMITS, strict=True)
        )
        ground = [self._roll(0, -1, gusts), self._roll(1, 1, gusts)]
        if self.push:
            ground = [0.0, 0.0]
        before, self.motion = self.motion, (sum(ground) / 2, (ground[1] - ground[0]) / TRACK)
        self._pull(before)
        # At half of the turn.
        middle = self.heading + self.motion[1] / 2 / RATE
        ahead = self.motion[0] / RATE
        x, y = self.position
        self.position = (x + ahead * math.cos(middle), y + ahead * math.sin(middle))
        self.heading += self.motion[1] / RATE

    def _roll(self, side: int, sign: int, gusts: Sequence[float]) -> float:
        """Turn one wheel; return its speed on the ground, m/s."""
        target = (self.command[0] + sign * TRACK / 2 * self.command[1]) / WHEEL_RADIUS
        # Against an obstacle the wheels scrub.
        target *= 0.1 if self.push else 1.0
        self.wheels[side] += (target - self.wheels[side]) / (MOTOR_TIME * RATE)
        looseness = 0.0 if side else self.looseness
        # A loose hub sticks and slips.
        deviation = SLIP_DEVIATION + looseness / 4
        kick = deviation * math.sqrt(2 / (SLIP_TIME * RATE)) * gusts[side]
        self._slips[side] += (SLIP + looseness - self._slips[side]) / (SLIP_TIME * RATE) + kick
        return WHEEL_RADIUS * self.wheels[side] * (1 - min(self._slips[side], 1.0))

    def _pull(self, before: tuple[float, float]) -> None:
        """Set the motors' torques from the change of motion."""
        resistance = WEIGHT * (CARPET if self.position[0] > CARPETED else ROLLING)
        force = MASS * (self.motion[0] - before[0]) * RATE + resistance * _sign(self.motion[0])
        moment = INERTIA * (self.motion[1] - before[1]) * RATE
        moment += resistance * TRACK / 2 * _sign(self.motion[1])
        forces = [force / 2 - moment / TRACK, force / 2 + moment / TRACK]
        if self.push:
            forces = [self.push * TRACTION * WEIGHT / 2 * _sign(w) for w in self.wheels]
        for side, (wheel, drag) in enumerate(zip(self.wheels, (self.drag, 0.0), strict=True)):
            losses = (FRICTION + drag) * _sign(wheel) + DAMPING * wheel
            self.torques[side] = WHEEL_RADIUS * forces[side] + losses


def _sign(value: float) -> float:
    """Take the sign, smoothed around 0, where friction has no direction."""
    return math.tanh(50 * value)
