"""Imports point down, and what must not need torch does not."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tgan"

# The table of CONTRIBUTING: a room may import from its own row and from the rows above it.
ROWS = [
    re.findall(r"`(tgan[\w.]*)`", line.split("|")[2])
    for line in (PACKAGE.parent / "CONTRIBUTING.md").read_text().splitlines()
    if re.match(r"\| \d+ \|", line)
]
MODULES = {
    ".".join(["tgan", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(
        ".__init__"
    ): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


def row_of(module: str) -> int:
    """The row of the longest name in the table that `module` is or lies in."""
    found = [
        (len(name), row)
        for row, names in enumerate(ROWS)
        for name in names
        if module == name or (name != "tgan" and module.startswith(name + "."))
    ]
    assert found, f"{module} has no row"
    return max(found)[1]


def imports_of(path: Path) -> list[str]:
    """Every module of the package that a file imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found += [name if name in MODULES else node.module for name in inner]
    return found


def test_the_table_has_every_room_once():
    rooms = [room for row in ROWS for room in row]
    assert len(rooms) == len(set(rooms)) and len(ROWS) > 10
    top = {".".join(module.split(".")[:2]) for module in MODULES}
    assert set(rooms) == top


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    for imported in imports_of(MODULES[module]):
        if imported.split(".")[0] == "tgan":
            assert row_of(imported) <= row_of(module), f"{module} imports {imported}"


@pytest.mark.parametrize("module", MODULES)
def test_accelerate_stays_where_runs_are_made(module):
    allowed = module.startswith(
        ("tgan.training.", "tgan.cli", "tgan.runs.build", "tgan.benchmarks")
    )
    if not allowed or module == "tgan.training.steps":
        assert not [m for m in imports_of(MODULES[module]) if m.startswith("accelerate")]


@pytest.mark.parametrize(
    "statement",
    [
        "import tgan.cli",
        "import tgan.config, tgan.config.reading, tgan.media.video",
        "import tgan.cli.prepare, tgan.data.clips, tgan.data.made.digits, tgan.data.sampler",
        "import tgan.data.own.source, tgan.data.packed.prepare, tgan.media.show",
        "from tgan.cli import main; main(['--help'])",
        "import tgan.cli.generate, tgan.cli.train",
        "import tgan.anomaly.series.data.reading, tgan.anomaly.series.baselines",
        "import tgan.anomaly.series.scoring.intervals",
        "import tgan.anomaly.series.data.robot, tgan.anomaly.series.data.writing",
        "import tgan.metrics.overlap",
        "import tgan.data.tiles.grammar, tgan.data.tiles.rules, tgan.data.views",
        "import tgan.cli.levels, tgan.cli.levels_measure, tgan.cli.levels_search",
    ],
)
def test_torch_is_not_imported_where_it_is_not_needed(statement):
    code = f"import sys; {statement}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
