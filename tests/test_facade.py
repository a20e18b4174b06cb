"""What `import tgan` hands out, and that it costs nothing until it is used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tgan

STUB = Path(tgan.__file__).with_name("__init__.pyi")


@pytest.mark.parametrize("name", tgan._FACADE)
def test_every_name_is_there_and_documented(name):
    value = getattr(tgan, name)
    assert value.__name__ == name
    # A package may hand on what one of its modules has.
    assert value.__module__.startswith(tgan._FACADE[name])
    assert len(value.__doc__.split("\n")[0]) > 10
    assert name in dir(tgan)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        tgan.trian  # noqa: B018
    with pytest.raises(ImportError):
        from tgan import trian  # noqa: F401


def test_the_stub_for_type_checkers_hands_out_the_same():
    found = {
        alias.asname: node.module
        for node in ast.parse(STUB.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert found == tgan._FACADE


def test_importing_it_imports_neither_torch_nor_numpy():
    code = (
        "import sys, tgan; heavy = {'torch', 'numpy', 'av', 'yaml'} & sys.modules.keys(); "
        "assert not heavy, heavy; dir(tgan); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
