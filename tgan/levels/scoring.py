"""Scores of a run of levels: its samples, as they are and repaired, beside real windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tgan.data.tiles.rules import Walker
from tgan.data.tiles.windows import TileWindows
from tgan.levels.making import LevelMaker
from tgan.levels.measures import Reference, independent_places, measure, tile_shares
from tgan.levels.repair import repair


def score_run(
    maker: LevelMaker, seeds: Sequence[int], *, walker: Walker, data_seed: int = 0
) -> dict[str, Any]:
    """Measure samples of a run, as they are and repaired, and as many real windows.

    Args:
        seeds: of the samples.
        walker: whose rules are played by; they are left out where no tile is solid.
        data_seed: of the draw of windows.

    Returns:
        `shares`, as of `tgan.levels.measures.measure`, of `samples`, `repaired`, `training`,
        `independent` (the baseline of `independent_places`) and, where the run has some,
        `held-out`; `tiles`, the share of places that each tile has in these; `changed`, places
        that a repair changes in a level, on average; `protocol`. Fit for JSON.

    Raises:
        ValueError: the levels that the run was trained on are no longer there.
    """
    run, tiles = maker.run, maker.tiles
    source, count = run.data, len(seeds)
    if not isinstance(source, TileWindows):
        raise ValueError(f"the data of '{run.path}' are {type(source).__name__}, and no levels")
    kinds = {"samples": maker.of_seeds(seeds)}
    can_stand = any(tile.solid for tile in tiles.tiles)
    if can_stand:
        kinds["repaired"] = np.stack([repair(each, tiles, walker) for each in kinds["samples"]])
    kinds["training"] = maker.of_clips(source, count, seed=data_seed)
    kinds["independent"] = independent_places(kinds["training"], seed=data_seed)
    if run.held_out is not None:
        kinds["held-out"] = maker.of_clips(run.held_out, count, seed=data_seed)
    reference = Reference(source.levels, tiles, source.window)
    rules = walker if can_stand else None
    scores: dict[str, Any] = {
        "shares": {
            kind: measure(levels, tiles, walker=rules, reference=reference)
            for kind, levels in kinds.items()
        },
        "tiles": {kind: tile_shares(levels, tiles) for kind, levels in kinds.items()},
    }
    if can_stand:
        changed = (kinds["repaired"] != kinds["samples"]).sum((1, 2))
        scores["changed"] = float(changed.mean())
    return scores | {
        "protocol": {
            "samples": count,
            "first_seed": int(seeds[0]),
            "data_seed": data_seed,
            "jump": [walker.height, walker.length] if can_stand else None,
            "window": list(source.window),
            "step": run.step,
            "weights": run.weights,
        }
    }
