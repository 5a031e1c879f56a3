"""Trees are printed as the terminal library prints them, line by line, and without waiting for the end of the input."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest
from budgets import examples
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

import plmsproto as plms
from plmsproto.cli.views.base import make_console
from plmsproto.cli.views.printer import Branch, Printer

STYLES = ("", "bold", "dim", "red", "cyan", "bold cyan", "bold green")
PIECES = st.lists(
    st.tuples(st.text("ab 电能表,", min_size=1, max_size=24).filter(str.strip), st.sampled_from(STYLES)),
    min_size=1,
    max_size=4,
)
BRANCHES = st.recursive(
    PIECES.map(Branch), lambda below: st.builds(Branch, PIECES, st.lists(below, max_size=4)), max_leaves=12
)


class Screen(io.StringIO):
    """An output that says whether it is a terminal."""

    def __init__(self, *, is_terminal: bool) -> None:
        super().__init__()
        self.is_terminal = is_terminal

    def isatty(self) -> bool:
        return self.is_terminal


def as_rich(branch: Branch) -> Tree:
    tree = Tree(Text.assemble(*branch.pieces))
    tree.children = [as_rich(each) for each in branch.below]
    return tree


def printed(branch: Branch, *, color: str, width: int | None, by_rich: bool) -> str:
    out = Screen(is_terminal=width is not None)
    console: Console = make_console(out, color)
    if width is not None:
        console.width = width
    if by_rich:
        console.print(as_rich(branch))
    else:
        Printer(out, console).tree(branch)
    return out.getvalue()


@given(BRANCHES, st.sampled_from(["always", "never"]))
@examples(200)
def test_a_tree_in_a_pipe_is_that_of_the_terminal_library(branch: Branch, color: str) -> None:
    assert printed(branch, color=color, width=None, by_rich=False) == printed(
        branch, color=color, width=None, by_rich=True
    )


@given(BRANCHES, st.integers(40, 90))
@examples(200)
def test_a_narrow_terminal_gets_the_lines_of_the_terminal_library(branch: Branch, width: int) -> None:
    ours, theirs = (printed(branch, color="never", width=width, by_rich=by_rich) for by_rich in (False, True))
    assert [line.rstrip() for line in ours.splitlines()] == [line.rstrip() for line in theirs.splitlines()]


@pytest.fixture
def frame() -> str:
    return bytes(plms.heartbeat(plms.Address("4401", 2))).hex(" ").upper() + "\n"


def started(form: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "plmsproto", "decode", "--format", form, "-"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("form", ["tree", "jsonl", "csv", "hex"])
def test_the_first_frame_is_shown_while_the_input_goes_on(form: str, frame: str) -> None:
    with started(form) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(2 * frame)  # a frame is complete when the next line begins
        process.stdin.flush()
        lines = [process.stdout.readline() for _ in range(2 if form == "csv" else 1)]  # CSV has a head
        assert "4401" in "".join(lines)
        process.stdin.close()
        assert process.stdout.read()


@pytest.mark.parametrize("form", ["tree", "jsonl", "csv", "hex"])
def test_a_reader_that_goes_away_ends_the_output_quietly(form: str, frame: str) -> None:
    with started(form) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(frame)
        process.stdin.flush()
        process.stdout.close()
        try:
            for _ in range(2000):
                process.stdin.write(frame)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.stderr.read() == ""
