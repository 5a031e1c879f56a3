"""The documentation's examples are run as they stand: what a page prints is what the library says.

In ``README.md``, ``docs/*.md`` and ``docs/how-to/*.md``, the blocks of one page share a namespace and run in order:

- ``pycon`` and ``python`` (with or without ``>>>``) are run in Python,
- ``console`` runs each line that begins with ``$ plmsproto``, pipes and ``echo $?`` included, in a directory where the
  files that the page shows lie beside ``examples/``,
- ``toml`` is a file: a first line ``# NAME.toml`` gives it its name; it must load as a catalogue,
- ``layout`` must be a layout,
- ``sh`` and ``text`` are only shown.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import plmsproto as plms
from plmsproto.cli import main
from plmsproto.layout.grammar import parse

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("docs/*.md"), *ROOT.glob("docs/how-to/*.md"), *ROOT.glob("README.md")])
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
SHOWN_ONLY = {"sh", "text"}
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    """A fenced block of a page."""

    kind: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page; directives of Sphinx, whose kind is in braces, are none."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match["kind"].strip(), match["text"], text.count("\n", 0, match.start()) + 2)
        for match in FENCE.finditer(text)
        if not match["kind"].startswith("{")
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_says_what_the_library_does(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("examples", "vectors"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "page"}
    wrong = [problem for block in blocks(page) if (problem := run(block, f"{page.name}:{block.line}", namespace))]
    assert not wrong, "\n".join(wrong)


def run(block: Block, where: str, namespace: dict[str, object]) -> str:
    """Runs a block; returns what is wrong with it, or nothing."""
    match block.kind:
        case "pycon" | "python":
            return run_python(block, where, namespace)
        case "console":
            return run_console(block, where)
        case "toml":
            load_toml(block, where)
        case "layout":
            parse(block.text, plms.default_catalogue().vocabulary(plms.Edition.GDW1376), in_event=True)
        case kind if kind not in SHOWN_ONLY:
            return f"{where}: a block of the unknown kind {kind!r}"
    return ""


def run_python(block: Block, where: str, namespace: dict[str, object]) -> str:
    if ">>>" not in block.text:
        exec(compile("\n" * (block.line - 1) + block.text, where, "exec"), namespace)
        return ""
    test = doctest.DocTestParser().get_doctest(block.text, namespace, where, where, block.line - 1)
    report = io.StringIO()
    doctest.DocTestRunner(optionflags=OPTIONS, verbose=False).run(test, out=report.write, clear_globs=False)
    namespace.update(test.globs)
    return report.getvalue()


def run_console(block: Block, where: str) -> str:
    status, wrong = 0, ""
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
        if command == "echo $?":
            printed = f"{status}\n"
        else:
            status, printed = run_command(command)
        if not doctest.OutputChecker().check_output(expected, printed, OPTIONS):
            wrong += f"{where}: $ {command}\n{printed}"
    return wrong


def run_command(command: str) -> tuple[int, str]:
    """Runs ``plmsproto … | plmsproto … > FILE``; returns the last exit status and what was printed, errors last."""
    command, _, target = command.partition(" > ")
    piped, errors, status = b"", "", 0
    for part in command.split(" | "):
        name, *arguments = shlex.split(part)
        assert name == "plmsproto", command
        with pytest.MonkeyPatch.context() as patch:
            raw, err = io.BytesIO(), io.StringIO()
            out = io.TextIOWrapper(raw, encoding="utf-8")
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped), encoding="utf-8"))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            try:
                status = main(arguments)
            except SystemExit as end:
                status = int(end.code or 0)
            out.flush()
            piped = raw.getvalue()
            errors += err.getvalue()
    if target:
        Path(target).write_bytes(piped)
        return status, errors
    return status, piped.decode() + errors


def load_toml(block: Block, where: str) -> None:
    name = re.match(r"# (\S+\.toml)\n", block.text)
    if name:
        Path(name[1]).write_text(block.text, encoding="utf-8")
    plms.Catalogue().extended(block.text, where)


def test_there_is_documentation_to_test() -> None:
    assert len([block for page in PAGES for block in blocks(page) if block.kind in ("pycon", "python")]) > 20


def test_the_reference_names_all_that_is_public() -> None:
    text = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^\.\. auto\w+:: plmsproto\.(\w+)$", text, re.MULTILINE))
    assert named == set(plms.__all__)
