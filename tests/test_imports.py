"""The layers import only what is below them, and no module imports itself by a detour."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src"

LAYERS = (
    {"errors", "textfile"},
    {"formats", "link", "_fast", "dlt645"},
    {"hextext"},
    {"identifier"},
    {"editions"},
    {"layout"},
    {"catalogue"},
    {"application"},
    {"bulk"},
    {""},  # plmsproto itself: what users import
    {"archive"},
    {"cli", "__main__"},
)
"""The rooms of ``plmsproto`` from the ground up. A room imports rooms of lower floors, and of its own floor."""


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """What runs when a module is imported: not the bodies of functions, nor what is for type checkers alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.orelse:
                yield from statements(ast.Module([each], []))
            continue
        if isinstance(node, ast.stmt):
            yield node
        yield from statements(node)


def imports(name: str) -> set[str]:
    """The modules of the library that a module imports."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                around = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*around, *([base] if base else [])])
            for each in node.names:
                found.add(f"{base}.{each.name}" if f"{base}.{each.name}" in MODULES else base)
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return {each for each in found if each in MODULES} - {name}


def floor_of(name: str) -> int:
    room = [*name.split("."), ""][1]
    return next(floor for floor, rooms in enumerate(LAYERS) if room in rooms)


def test_no_module_imports_itself_by_a_detour() -> None:
    order = list(TopologicalSorter({name: imports(name) for name in MODULES}).static_order())
    assert set(order) == set(MODULES)


@pytest.mark.parametrize("name", MODULES)
def test_a_layer_imports_only_what_is_below(name: str) -> None:
    assert [each for each in sorted(imports(name)) if floor_of(each) > floor_of(name)] == []


def test_the_imports_of_a_module_are_found() -> None:
    assert "plmsproto.link.frame" in imports("plmsproto.link")
    assert "plmsproto.errors" in imports("plmsproto.link.frame")
    assert "plmsproto.bulk" in imports("plmsproto")
    assert "plmsproto.bulk.arrow" not in imports("plmsproto.bulk.tables")
