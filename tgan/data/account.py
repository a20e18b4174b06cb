"""Account of what a search found: every file has one fate, and the numbers add up."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tgan.data.files import BROKEN, LOOP, NO_FILE, SECOND, Entry
from tgan.lookup import counted

TAKEN, SKIPPED, TOO_SHORT, IGNORED = "taken", "skipped", "too short", "ignored"
DUPLICATE, BROKEN_LINK, LEFT_OUT = "duplicate", "broken link", "left out"
# What can become of a file; `left out` is what patterns, rows and lists of its owner leave out.
FATES = (TAKEN, SKIPPED, TOO_SHORT, DUPLICATE, BROKEN_LINK, LEFT_OUT, IGNORED)
_OF_PROBLEMS = {BROKEN: BROKEN_LINK, LOOP: BROKEN_LINK, SECOND: DUPLICATE, NO_FILE: IGNORED}


@dataclass(frozen=True)
class Account:
    """How many files had which fate.

    Attributes:
        counts: numbers of files by fate, those of `FATES` that there are.
        ignored: numbers of ignored files by ending.

    Example:
        >>> print(Account({"taken": 8, "ignored": 2}, {".txt": 2}))
        10 files: 8 taken, 2 ignored (2 .txt)
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)

    @property
    def num_files(self) -> int:
        """All files that were found."""
        return sum(self.counts.values())

    def __str__(self) -> str:
        parts = [f"{self.counts[fate]:,} {fate}" for fate in FATES if self.counts.get(fate)]
        text = f"{counted(self.num_files, 'file')}: {', '.join(parts) or 'none'}"
        if not self.ignored:
            return text
        by_number = sorted(self.ignored.items(), key=lambda item: (-item[1], item[0]))
        return f"{text} ({', '.join(f'{number:,} {ending}' for ending, number in by_number)})"


class Ledger:
    """Fates of files while they become known; the first that a file is given stands.

    Attributes:
        reasons: `(name, reason)` of what was skipped, is a duplicate or a broken link.
    """

    def __init__(self) -> None:
        self._fates: dict[Path, tuple[str, str]] = {}
        self.reasons: list[tuple[str, str]] = []

    def enter(self, path: Path, fate: str, *, ending: str = "") -> None:
        """Give a file its fate; `ending` is what to count an ignored one under."""
        self._fates.setdefault(path, (fate, ending or path.suffix.lower() or "without ending"))

    def usable(self, entry: Entry) -> bool:
        """Tell whether an entry is a file to look at; others get their fates."""
        if entry.is_hidden:
            self.enter(entry.path, IGNORED, ending="hidden")
        elif entry.problem is not None:
            fate = _OF_PROBLEMS.get(entry.problem, SKIPPED)
            self.enter(entry.path, fate, ending=entry.problem)
            if fate != IGNORED:
                self.reasons.append((entry.name, entry.problem))
        else:
            return True
        return False

    def account(self, of_videos: Mapping[Path, str] = MappingProxyType({})) -> Account:
        """Count all files.

        Args:
            of_videos: files that were opened, and what became of what they gave; of one that
                was entered, too, only `taken` counts more.
        """
        fates = dict(of_videos)
        for path, (fate, _) in self._fates.items():
            if fates.get(path) != TAKEN:
                fates[path] = fate
        endings = Counter(e for path, (_, e) in self._fates.items() if fates[path] == IGNORED)
        return Account(dict(Counter(fates.values())), dict(endings))
