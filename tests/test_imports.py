"""Who imports whom inside the package: no circles, and each layer only what is below it.

Counted is what runs when a module is imported. Not counted are imports inside functions, those for the type checker,
and the ``__init__`` of a package when a module in it is imported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import plmsproto

ROOT = Path(plmsproto.__file__).parent
FACE = "plmsproto"
"""The library's own ``__init__``, which all modules are in."""

# From the ground up. Each string is one layer: the modules and packages that it has, without the name of the library.
# Layers of one row do not know each other. The compiled twins belong to the layers whose work they do.
LAYERS = (
    ("errors", "textfile", "_fast"),
    ("link _fast._link", "dlt645"),
    ("formats", "hextext"),
    ("identifier",),
    ("editions",),
    ("layout",),
    ("catalogue",),
    ("application _fast._objects _fast._writing",),
    ("bulk _fast._columns",),
    (FACE,),
    ("archive",),
    ("cli __main__",),
)
PLACES = {entry: (row, layer) for row, layers in enumerate(LAYERS) for layer in layers for entry in layer.split()}
"""Row and layer of each entry of the table."""


def modules() -> dict[str, Path]:
    """The sources of all modules, Cython's included, by their names without that of the library."""
    found = {}
    for path in [*ROOT.rglob("*.py"), *ROOT.rglob("*.pyx")]:
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__") or FACE] = path
    return found


MODULES = modules()


def imports_of(module: str) -> set[str]:
    """The modules of the library that are imported while this one is."""
    path = MODULES[module]
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".pyx":
        pairs = re.findall(r"(?m)^from plmsproto\.(\S+) c?import (\w+)", text)
    else:
        parts = path.relative_to(ROOT).parent.parts
        pairs = list(imported(ast.parse(text).body, parts))
    found = {target for base, name in pairs if (target := module_of(base, name)) is not None}
    return {target for target in found if not f"{module}.".startswith(f"{target}.")}


def imported(body: list[ast.stmt], package: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What the statements of a module take from where when they run: ``(module, name)``."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) + 1 - node.level]
            yield from ((".".join([*base, node.module] if node.module else base), alias.name) for alias in node.names)
        elif isinstance(node, ast.If):
            if ast.unparse(node.test) != "TYPE_CHECKING":
                yield from imported(node.body, package)
            yield from imported(node.orelse, package)
        elif isinstance(node, ast.Try):
            handlers = [statement for handler in node.handlers for statement in handler.body]
            yield from imported([*node.body, *handlers, *node.orelse, *node.finalbody], package)


def module_of(base: str, name: str) -> str | None:
    """The module that ``from base import name`` needs; ``None`` for a header of Cython."""
    return next((each for each in (f"{base}.{name}".lstrip("."), base or FACE) if each in MODULES), None)


def place_of(module: str) -> tuple[int, str]:
    """Row and layer of a module."""
    entry = module
    while entry not in PLACES:
        assert "." in entry, f"{module} is in no layer"
        entry = entry.rpartition(".")[0]
    return PLACES[entry]


GRAPH = {module: imports_of(module) for module in MODULES}


def test_the_graph_is_that_of_the_library() -> None:
    """Some arrows that are there, and some that are only for the type checker or late."""
    assert {"link._twin", "link.address", "errors"} <= GRAPH["link.frame"]
    assert {"_fast", "_fast._link", "link.scan"} <= GRAPH["link._twin"]
    assert {"link.address", "_fast._memory"} <= GRAPH["_fast._link"]
    assert "layout.nodes" not in GRAPH["layout.cursor"]
    assert "bulk.arrow" not in GRAPH["bulk.tables"]
    assert {"bulk", "application.message", "_fast"} <= GRAPH[FACE]


def test_no_imports_go_in_a_circle() -> None:
    try:
        TopologicalSorter(GRAPH).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_a_layer_imports_only_what_is_below_it(module: str) -> None:
    row, layer = place_of(module)
    for target in GRAPH[module]:
        other_row, other = place_of(target)
        assert other == layer or other_row < row, f"{module} imports {target}"
