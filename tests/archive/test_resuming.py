"""A conversion that ends anywhere, in any way, is finished by the next one: nothing is lost, nothing is doubled."""

from __future__ import annotations

import errno
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from archives import FORMS, SMALL, Rows, binary_archive, convert, files_below, log_archive, read_back
from budgets import exhaustive

from plmsproto.archive import Conversion, Options, Outcome, OutputError, RefusedError, durable
from plmsproto.archive import database as database_module
from plmsproto.archive import formats as formats_module
from plmsproto.archive.compression import ByteStream
from plmsproto.archive.errors import InputError
from plmsproto.archive.parts import PartStore

OPTIONS: dict[str, Any] = {"reading": SMALL, "step": 1 << 17}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A binary file, a compressed one, and a log: several blocks of each, and steps that end within them."""
    folder = tmp_path_factory.mktemp("archive") / "archive"
    folder.mkdir()
    (folder / "a.bin").write_bytes(binary_archive(140_000))
    (folder / "b.bin.gz").write_bytes(gzip.compress(binary_archive(130_000, seed=2)))
    (folder / "c.log").write_bytes(log_archive(200_000))
    (folder / "d.bin").write_bytes(binary_archive(1000, seed=3))
    return folder


@pytest.fixture(scope="module")
def undisturbed(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Rows, Outcome]]:
    """The rows of a conversion that nothing happened to, in a form."""
    made: dict[str, tuple[Rows, Outcome]] = {}

    def of(form: str) -> tuple[Rows, Outcome]:
        if form not in made:
            folder = tmp_path_factory.mktemp("undisturbed") / form
            outcome = convert(archive, folder, form)
            made[form] = read_back(folder, form), outcome
        return made[form]

    return of


def same(left: Outcome, right: Outcome) -> bool:
    """Whether the counts are the same but for the time."""
    ours, theirs = (
        {name: getattr(each.counts, name) for name in each.counts.__slots__ if name != "seconds"}
        for each in (left, right)
    )
    return bool(ours == theirs)


class Killed(BaseException):
    """Ends the process, as it were: nothing is tidied up."""


class Trigger:
    """Raises an error at the n-th call of any of the functions that it is put in front of."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        self._monkeypatch = monkeypatch
        self._error = error
        self.at = self.calls = 0

    def arm(self, at: int) -> None:
        self.at, self.calls = at, 0

    def guard(self, owner: Any, name: str, *, afterwards: bool = False) -> None:
        original = getattr(owner, name)

        def guarded(*arguments: Any, **named: Any) -> Any:
            self.calls += 1
            due = self.calls == self.at
            if due and not afterwards:
                raise self._error
            result = original(*arguments, **named)
            if due:
                raise self._error
            return result

        self._monkeypatch.setattr(owner, name, guarded)


def guard_files(trigger: Trigger, *, afterwards: bool) -> None:
    trigger.guard(durable.os, "replace", afterwards=afterwards)
    trigger.guard(durable.os, "fsync", afterwards=afterwards)
    for writer in (formats_module.ParquetWriter, formats_module.CsvWriter, formats_module.ArrowWriter):
        trigger.guard(writer, "write", afterwards=afterwards)
    trigger.guard(formats_module.PartWriter, "close", afterwards=afterwards)


@pytest.mark.parametrize("afterwards", [False, pytest.param(True, marks=exhaustive)], ids=["instead", "afterwards"])
@pytest.mark.parametrize("killed", [pytest.param(False, marks=exhaustive), True], ids=["failed", "killed"])
def test_whatever_call_fails_the_next_run_finishes(
    killed: bool,
    afterwards: bool,
    archive: Path,
    undisturbed: Callable[[str], tuple[Rows, Outcome]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = "parquet"
    rows, outcome = undisturbed(form)
    error = Killed("killed") if killed else OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    trigger = Trigger(monkeypatch, error)
    guard_files(trigger, afterwards=afterwards)
    if killed:
        monkeypatch.setattr(PartStore, "roll_back", lambda self: None)
    trigger.arm(0)
    convert(archive, tmp_path / "counted", form)
    calls = trigger.calls
    assert calls > 50
    # Every call near the beginning, and a sample of the rest: steps are all alike.
    for at in [1, 2, 3, *range(4, calls, calls // 5), calls]:
        trigger.arm(at)
        folder = tmp_path / f"{at}"
        with pytest.raises(Killed if killed else OutputError, match=r"killed|No space left on device"):
            convert(archive, folder, form)
        trigger.arm(0)
        again = convert(archive, folder, form)
        assert read_back(folder, form) == rows
        assert same(again, outcome)
        assert not any(name.endswith((".tmp", ".lock")) for name in files_below(folder))


@pytest.mark.parametrize("form", [pytest.param("arrow", marks=exhaustive), "csv", "duckdb"])
def test_other_forms_go_on_as_well(
    form: str,
    archive: Path,
    undisturbed: Callable[[str], tuple[Rows, Outcome]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, outcome = undisturbed(form)
    trigger = Trigger(monkeypatch, Killed("killed"))
    if form == "duckdb":
        for name in ("write", "commit"):
            trigger.guard(database_module.DatabaseStore, name)
        trigger.guard(database_module.DatabaseStore, "_save")
    else:
        guard_files(trigger, afterwards=False)
    folder = tmp_path / "out"
    at = 1
    for _ in range(60):  # killed again and again, each time a little later
        trigger.arm(at)
        try:
            again = convert(archive, folder, form)
        except Killed:
            at = at * 3 // 2 + 1
        else:
            break
    assert at > 10
    assert read_back(folder, form) == rows
    assert same(again, outcome)


def test_a_conversion_is_stopped_where_it_can_be_resumed(
    archive: Path, undisturbed: Callable[[str], tuple[Rows, Outcome]], tmp_path: Path
) -> None:
    rows, outcome = undisturbed("parquet")
    folder = tmp_path / "out"
    runs = 0
    while True:
        asked = iter([False, True])
        conversion = Conversion([str(archive)], folder, Options("parquet", reading=SMALL, step=1 << 30))
        again = conversion.run(stop=lambda: next(asked))  # noqa: B023
        runs += 1
        assert again.resumed == (runs > 1)
        if again.finished:
            break
    assert runs > 3
    assert read_back(folder) == rows
    assert same(again, outcome)
    assert convert(archive, folder).already


def test_an_input_that_cannot_be_read_any_further_stops_it(
    archive: Path,
    undisturbed: Callable[[str], tuple[Rows, Outcome]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, _ = undisturbed("parquet")
    trigger = Trigger(monkeypatch, OSError(errno.EIO, os.strerror(errno.EIO)))
    trigger.guard(ByteStream, "_read")
    trigger.arm(7)
    with pytest.raises(InputError, match=r"b\.bin\.gz: Input/output error"):
        convert(archive, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "conversion.json").read_text())["position"]["offset"] > 0
    trigger.arm(0)
    convert(archive, tmp_path / "out")
    assert read_back(tmp_path / "out") == rows


def test_two_at_once_are_refused(archive: Path, tmp_path: Path) -> None:
    conversion = Conversion([str(archive)], tmp_path / "out", Options("parquet", **OPTIONS))
    refused = []

    def try_another(_: object) -> None:
        if not refused:
            with pytest.raises(RefusedError, match="another process") as error:
                convert(archive, tmp_path / "out")
            refused.append(error)

    assert conversion.run(try_another).finished
    assert refused


def test_an_unwritable_place_is_told(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((OutputError, RefusedError), match=r"[Nn]ot a directory"):
        convert(archive, tmp_path / "file" / "out")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize(
    "form", ["parquet", *(pytest.param(form, marks=exhaustive) for form in FORMS if form != "parquet")]
)
def test_a_killed_process_is_resumed(
    form: str, archive: Path, undisturbed: Callable[[str], tuple[Rows, Outcome]], tmp_path: Path
) -> None:
    rows, _ = undisturbed(form)
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "plmsproto", "convert", str(archive)]
    command += ["--to", form, "--out", str(folder), "--step", "64K"]
    kills = 0
    for delay in (0.0, 0.02, 0.1, 0.3):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not folder.exists():
                time.sleep(0.001)
            time.sleep(delay)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += process.returncode == -signal.SIGKILL
    assert kills
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr  # there is noise in the archive
    assert read_back(folder, form) == rows
    assert not any(name.endswith((".tmp", ".lock", ".wal")) for name in files_below(folder))
