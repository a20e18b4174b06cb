"""What is written down of a step whose numbers are not finite."""

import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from tgan.system.files import write_whole
from tgan.training.checkpoint import list_checkpoints
from tgan.training.run import Run

_ADVICE = {
    "input": "Look at the data",
    "loss": "Try a lower learning rate, another constraint, or another objective",
}
_USUAL_ADVICE = "Try a lower learning rate or another constraint"


@dataclass(frozen=True)
class Finding:
    """A tensor that is not finite.

    Attributes:
        kind: input, layer, loss, gradient or weight.
        what: its name, in words.
        value: nan or inf.
        order: of tensors that were looked at in the step.
    """

    kind: str
    what: str
    value: str
    order: int = 0


@dataclass(frozen=True)
class Diagnosis:
    """A step whose numbers are not finite, and what is known of it.

    Attributes:
        step: that it led to, as metrics and checkpoints count.
        processes: those in which it was noticed.
        recorded: losses, norms of gradients and norms of weights, as the step left them.
        found: the first tensor that was not finite when the step was taken again, if one was.
        replayed_from: the step that a replay started at, if there was one.
    """

    step: int
    processes: list[int]
    recorded: Mapping[str, Mapping[str, float]]
    found: Finding | None
    replayed_from: int | None

    @property
    def first(self) -> Finding:
        """What was not finite first, as far as is known."""
        if self.found is not None:
            return self.found
        for group, numbers in self.recorded.items():
            for name, number in numbers.items():
                if not math.isfinite(number):
                    kind = group.split(" ")[0].rstrip("s").replace("losse", "loss")
                    what = name if kind == "loss" else f"'{name}' among the {group}"
                    return Finding(kind, what, str(abs(number)))
        return Finding("step", "a number", "not finite")

    def write(self, run: Run) -> str:
        """Write the main process's file, and give the line that the run ends with."""
        checkpoints = [path.name for path in list_checkpoints(run.run_dir)]
        path = run.run_dir / f"diagnosis_step_{self.step:08d}.json"
        content: dict[str, Any] = {
            "step": self.step,
            "first": asdict(self.first),
            "processes": self.processes,
            "num_processes": run.accelerator.num_processes,
            "replay": {"from_step": self.replayed_from, "shows_it": self.found is not None},
            "last_checkpoint": checkpoints[-1] if checkpoints else None,
            "mixed_precision": run.accelerator.mixed_precision,
            "recorded": _plain(self.recorded),
        }
        if run.accelerator.is_main_process:
            text = json.dumps(content, indent=2, allow_nan=False)
            # The line says most of it where the disk is full.
            with suppress(OSError):
                write_whole(path, lambda part: part.write_text(text))
        where = ""
        if len(self.processes) < run.accelerator.num_processes:
            where = f" in process {', '.join(map(str, self.processes))}"
        again = ""
        if self.found is None and self.replayed_from is not None:
            again = ", which was not so when the step was taken again"
        saved = (
            f"'{checkpoints[-1]}' is the last checkpoint" if checkpoints else "nothing was saved"
        )
        return (
            f"{self.first.what} is {self.first.value} at step {self.step}{where}{again}; {saved}; "
            f"see '{path}'. {_ADVICE.get(self.first.kind, _USUAL_ADVICE)}"
        )


def _plain(recorded: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float | str]]:
    """Numbers as JSON has them: those that are not finite as words."""
    return {
        group: {name: x if math.isfinite(x) else str(x) for name, x in numbers.items()}
        for group, numbers in recorded.items()
    }
