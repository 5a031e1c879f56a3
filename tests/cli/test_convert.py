"""``plmsproto convert``: its arguments, what it says, and what it ends with."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from real_frames import real_frames

from plmsproto.archive.conversion import Conversion
from plmsproto.cli import convert as command
from plmsproto.cli import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "day.log"
HEARTBEAT = bytes.fromhex("683200320068C920210700000271000004008816")
INTACT = [bytes.fromhex(each["hex"]) for each in real_frames() if each["intact"]]


class Run:
    """Runs the command and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.status = -1
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> Run:
        try:
            self.status = main(["convert", *map(str, arguments)])
        except SystemExit as exit_:
            self.status = int(exit_.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return self


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """An archive in which nothing is wrong."""
    path = tmp_path / "clean.bin"
    path.write_bytes(b"\xfe\xfe" + HEARTBEAT * 3)
    return path


def test_the_summary_tells_what_there_was(run: Run, tmp_path: Path) -> None:
    done = run(EXAMPLE, "--to", "parquet", "--out", tmp_path / "out")
    assert done.status == 1
    assert done.err == ""
    assert "Login" in done.out
    assert "frames: 13" in done.out
    assert "noise: 2 runs, 49 bytes, of which 0 are wake-up bytes" in done.out
    assert f"input: {EXAMPLE.stat().st_size:,} bytes" in done.out
    assert f"output: {tmp_path / 'out'}" in done.out
    assert pq.read_table(tmp_path / "out" / "present_power").num_rows == 1


def test_it_speaks_chinese(run: Run, clean: Path, tmp_path: Path) -> None:
    done = run(clean, "--to", "csv", "--out", tmp_path / "out", "--lang", "zh")
    assert "帧: 3" in done.out
    assert "名称" in done.out


@pytest.mark.parametrize("form", ["parquet", "arrow", "csv", "duckdb"])
def test_all_well(form: str, run: Run, clean: Path, tmp_path: Path) -> None:
    done = run(clean, "--to", form, "--out", tmp_path / "out")
    assert (done.status, done.err) == (0, "")
    assert "2 are wake-up bytes" in done.out
    again = run(clean, "--to", form, "--out", tmp_path / "out")
    assert again.status == 0
    assert "converted before; nothing was done" in again.out
    assert "frames: 3" in again.out


def test_the_status_of_a_finished_conversion_stays(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert run(EXAMPLE, "--to", "parquet", "--out", tmp_path / "out").status == 1


def test_a_truncated_file_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(HEARTBEAT * 100)[:-9])
    done = run(path, "--to", "parquet", "--out", tmp_path / "out")
    assert done.status == 1
    assert "error: cut.gz: the compressed data end early" in done.out


def test_nothing_in_it_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    done = run(tmp_path / "empty", "--to", "parquet", "--out", tmp_path / "out")
    assert done.status == 1
    assert "frames: 0" in done.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--to", "parquet"], "--out"),
        (["--out", "OUT"], "--to"),
        (["--to", "excel", "--out", "OUT"], "invalid choice"),
        (["--to", "csv", "--out", "OUT", "--threads", "0"], "1 or more"),
        (["--to", "csv", "--out", "OUT", "--step", "many"], "bytes such as 64M"),
        (["--to", "csv", "--out", "OUT", "--step", "0"], "bytes such as 64M"),
        (["--to", "csv", "--out", "OUT", "--step", "5"], "must be 64K or more"),
        (["--to", "csv", "--out", "OUT", "--select", "no_such_item"], "no_such_item"),
        (["--to", "csv", "--out", "OUT", "--catalogue", "missing.toml"], "missing.toml"),
        (["missing.bin", "--to", "csv", "--out", "OUT"], "missing.bin: No such file"),
    ],
)
def test_wrong_usage(arguments: list[str], complaint: str, run: Run, clean: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run(clean, *(str(out) if each == "OUT" else each for each in arguments))
    assert done.status == 2
    assert complaint in done.err
    assert done.out == ""
    assert not out.exists()


def test_a_folder_with_something_else_is_left_alone(run: Run, clean: Path, tmp_path: Path) -> None:
    done = run(clean, "--to", "csv", "--out", tmp_path)
    assert done.status == 2
    assert "is not empty, and holds no conversion to csv" in done.err
    assert list(tmp_path.iterdir()) == [clean]


def test_options_reach_the_conversion(run: Run, tmp_path: Path) -> None:
    done = run(
        *(EXAMPLE, "--to", "parquet", "--out", tmp_path / "out", "--select", "login, terminal_clock"),
        *("--select", "link_test", "--threads", "2", "--step", "1m", "--points", "--edition", "1376"),
    )
    assert done.status == 2
    assert "link_test" in done.err
    done = run(
        *(EXAMPLE, "--to", "parquet", "--out", tmp_path / "out", "--select", "login, terminal_clock"),
        *("--threads", "2", "--step", "1m", "--points", "--edition", "1376", "--input", "text"),
    )
    assert done.status == 1
    there = {path.name for path in (tmp_path / "out").iterdir()}
    assert "login" in there
    assert there <= {"login", "terminal_clock", "noise", "undecoded", "conversion.json"}


@pytest.mark.parametrize(
    ("form", "missing", "install"),
    [("parquet", "pyarrow", "plmsproto[cli,arrow]"), ("duckdb", "duckdb", "plmsproto[cli,duckdb]")],
)
def test_a_missing_extra_is_told(
    form: str, missing: str, install: str, run: Run, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = command.find_spec
    monkeypatch.setattr(command, "find_spec", lambda name: None if name == missing else find(name))
    done = run(clean, "--to", form, "--out", tmp_path / "out")
    assert done.status == 2
    assert f"{missing} missing; install with: pip install '{install}'" in done.err


def test_no_space_is_told_and_can_be_resumed(
    run: Run, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("plmsproto.archive.durable.os.replace", full)
        done = run(clean, "--to", "parquet", "--out", tmp_path / "out")
    assert done.status == 2
    assert "No space left on device; the same command goes on where this one stopped" in done.err
    assert run(clean, "--to", "parquet", "--out", tmp_path / "out").status == 0


def test_a_terminal_sees_a_bar(
    run: Run, clean: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    done = run(clean, "--to", "parquet", "--out", tmp_path / "out")
    assert done.status == 0
    assert "3 frames" in done.err
    assert "0 errors" in done.err
    assert "1 errors" not in done.err


def test_ctrl_c_stops_where_it_can_be_resumed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "archive.bin"
    path.write_bytes(b"".join(INTACT) * 20)
    take = Conversion._take
    pressed = []

    def press(self: Conversion, *arguments: object) -> None:
        take(self, *arguments)  # type: ignore[arg-type]
        if not pressed:
            pressed.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Conversion, "_take", press)
    stopped = run(path, "--to", "parquet", "--out", tmp_path / "out", "--step", "64K")
    assert stopped.status == 130
    assert "interrupted; the same command goes on where this one stopped" in stopped.err
    done = run(path, "--to", "parquet", "--out", tmp_path / "out", "--step", "64K")
    assert done.status in (0, 1)
    assert "Resumed where an earlier run had stopped." in done.out
    assert f"frames: {20 * len(INTACT):,}" in done.out


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
def test_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    path = tmp_path / "archive.bin"
    path.write_bytes(b"".join(INTACT) * 2000)
    out = tmp_path / "out"
    arguments = [sys.executable, "-m", "plmsproto", "convert", str(path), "--to", "parquet", "--out", str(out)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (out / "conversion.json").exists():
            time.sleep(0.01)
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        _, err = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
