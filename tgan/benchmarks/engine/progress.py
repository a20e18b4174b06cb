"""Progress of the jobs of a benchmark, shown to a person."""

import sys

from tqdm import tqdm


class Progress:
    """A line per job on standard error and, on a terminal, a bar that names the jobs at work."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._done = self._total = 0
        self._bar = tqdm(unit="job", disable=not sys.stderr.isatty(), dynamic_ncols=True)

    def planned(self, done: int, total: int) -> None:
        """Show that so many jobs are done of those that can be named."""
        self._done, self._total = done, total
        self._bar.n, self._bar.total = done, total
        self._bar.refresh()

    def started(self, name: str) -> None:
        """Show that a job is at work."""
        self._names.append(name)
        self._bar.set_postfix_str(", ".join(self._names))

    def ended(self, name: str, seconds: float, outcome: str) -> None:
        """Write the line of a job."""
        self._names.remove(name)
        self._done += 1
        line = f"[{self._done}/{self._total}] {name}: {outcome} ({seconds:.0f} s)"
        tqdm.write(line, file=sys.stderr)

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()
