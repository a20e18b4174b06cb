"""Reachability of a jumping walker by relaxation: all states at once, until nothing changes."""

import numpy as np


def reachable(solid, deadly, height, length):
    """Places that are stood on, from the leftmost column with such a place: (rows, columns), bool.

    State [r, c, h, l] is true if the walker can be at (r, c) with h rows to rise and l columns to
    fly left. Every rule of the game is a shift of this array.
    """
    rows, columns = solid.shape
    free = ~solid & ~deadly
    below = np.vstack([solid[1:], np.zeros((1, columns), bool)])
    stands = free & below
    state = np.zeros((rows, columns, height + 1, length + 1), bool)
    places = np.argwhere(stands.any(0))
    if not len(places) or places[0, 0] >= length:
        return np.zeros_like(stands)
    first = places[0, 0]
    state[stands[:, first], first, height, length] = True
    while True:
        new = state.copy()
        # Landing gives everything back.
        new[..., height, length] |= stands & state.any((2, 3))
        # A step aside on the ground; off it, it is the first column of a fall.
        ground = stands & state[..., height, length]
        new[:, 1:, 0, length - 1] |= ground[:, :-1] & free[:, 1:]
        new[:, :-1, 0, length - 1] |= ground[:, 1:] & free[:, :-1]
        # A row up, or a row down after which there is no way up.
        moved = np.zeros_like(state)
        moved[:-1, :, :-1] |= state[1:, :, 1:]
        moved[1:, :, 0] |= state[:-1].any(2)
        moved &= free[:, :, None, None]
        new |= moved
        # And then perhaps a column.
        aside = np.zeros_like(state)
        aside[:, 1:, :, :-1] |= moved[:, :-1, :, 1:]
        aside[:, :-1, :, :-1] |= moved[:, 1:, :, 1:]
        new |= aside & free[:, :, None, None]
        if (new == state).all():
            return stands & state[..., height, length]
        state = new
