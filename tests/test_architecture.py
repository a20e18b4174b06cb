"""Imports point down, and what must not need torch does not."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tgan"

# A module may import from its own row and from those above it in this list.
ROWS = [
    [
        "tgan",
        "tgan.lookup",
        "tgan.rng",
        "tgan.sizes",
        "tgan.config",
        "tgan.validation",
        "tgan.files",
        "tgan.device",
        "tgan.words",
        "tgan.allocator",
    ],
    ["tgan.experiment", "tgan.losses", "tgan.linalg", "tgan.noise", "tgan.video", "tgan.pixels"],
    ["tgan.sheet", "tgan.sample_folder"],
    ["tgan.augment", "tgan.models", "tgan.data", "tgan.metrics", "tgan.features"],
    [
        "tgan.conditions",
        "tgan.constraints",
        "tgan.datasets",
        "tgan.export",
        "tgan.packing",
        "tgan.compat",
    ],
    ["tgan.latents", "tgan.sampling", "tgan.training.steps"],
    ["tgan.evaluation", "tgan.anomaly"],
    ["tgan.training"],
    ["tgan.tadgan"],
    ["tgan.build", "tgan.benchmarks"],
    ["tgan.pretrained"],
    ["tgan.cli"],
    ["tgan.__main__"],
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


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    for imported in imports_of(MODULES[module]):
        if imported.split(".")[0] == "tgan":
            assert row_of(imported) <= row_of(module), f"{module} imports {imported}"


@pytest.mark.parametrize("module", MODULES)
def test_accelerate_stays_in_training_build_and_cli(module):
    allowed = module.startswith(("tgan.training.", "tgan.cli", "tgan.build", "tgan.benchmarks"))
    if not allowed or module == "tgan.training.steps":
        assert not [m for m in imports_of(MODULES[module]) if m.startswith("accelerate")]


@pytest.mark.parametrize(
    "statement",
    [
        "import tgan.cli",
        "import tgan.config, tgan.experiment, tgan.video",
        "import tgan.cli.prepare, tgan.data.clips, tgan.data.digits, tgan.data.sampler",
        "from tgan.cli import main; main(['--help'])",
        "import tgan.cli.generate, tgan.cli.train",
        "import tgan.tadgan.reading, tgan.tadgan.baselines, tgan.tadgan.intervals",
        "import tgan.tadgan.robot, tgan.tadgan.writing",
        "import tgan.metrics.overlap",
    ],
)
def test_torch_is_not_imported_where_it_is_not_needed(statement):
    code = f"import sys; {statement}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
