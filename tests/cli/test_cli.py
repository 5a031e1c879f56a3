"""The command line: what it reads, prints, and ends with."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from real_frames import real_frames

from plmsproto.cli import main
from plmsproto.cli.views import VIEWS

HEARTBEAT = "68 32 00 32 00 68 C9 20 21 07 00 00 02 71 00 00 04 00 88 16"
CLOCK = "68 4A 00 4A 00 68 88 00 00 01 00 02 0C 60 00 00 02 00 49 48 11 15 52 15 17 16"
ENERGY = (
    "68 AE 00 AE 00 68 88 81 51 C1 FF 02 0C 61 04 01 01 10 32 16 24 02 17 04 00 20 30 03 00 "
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 7B 16"
)
BAD_CHECKSUM = "68 31 00 31 00 68 4B FF FF FF FF 02 0C 60 00 00 01 00 05 16"
INTACT = [each for each in real_frames() if each["intact"]]
DAMAGED = [each for each in real_frames() if not each["intact"]]
EXAMPLE = Path(__file__).parents[2] / "examples" / "day.log"


class Run:
    """Runs the command line and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.status = -1
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> Run:
        try:
            self.status = main(arguments)
        except SystemExit as exit_:
            self.status = int(exit_.code or 0)
        self.out, self.err = self._capsys.readouterr()
        return self


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    return Run(capsys)


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


# ---- decode: what it prints


def test_tree_names_values_with_units(run: Run) -> None:
    done = run("decode", ENERGY)
    assert done.status == 0
    assert "present_forward_active_reading" in done.out
    assert "read_time  2017-02-24 16:32" in done.out
    assert "forward_active_energy  330.2000, 0.0000, 0.0000, 0.0000, 0.0000 kWh" in done.out
    assert "\x1b" not in done.out


def test_tree_speaks_chinese(run: Run) -> None:
    out = run("decode", "--lang", "zh", ENERGY).out
    assert "上行  AFN 0C 请求1类数据" in out
    assert "终端抄表时间  2017-02-24 16:32" in out
    assert "正向有功电能示值  330.2000" in out


def test_tree_names_events_and_codes_in_either_language(run: Run) -> None:
    alarm = EXAMPLE.read_text(encoding="utf-8").splitlines()[12].split(" RX ")[1]
    english, chinese = run("decode", alarm).out, run("decode", "--lang", "zh", alarm).out
    assert "[0]  ERC10 voltage_circuit_abnormal" in english
    assert "type  voltage loss" in english
    assert "[0]  ERC10 电压回路异常" in chinese
    assert "异常类型  失压" in chinese
    assert "B相电压  0.0 V" in chinese


def test_annotated_dump_shows_bytes_and_arithmetic(run: Run) -> None:
    lines = run("decode", "--format", "hex", CLOCK).out.splitlines()
    dump = {line.split()[0]: line for line in lines[1:] if line.strip()}
    assert "004AH = 74 = 18 × 4 + 2: L1 = 18, tag 10" in dump["1"]
    assert dump["18"].split()[1:7] == ["49", "48", "11", "15", "52", "15"]
    assert "clock" in dump["18"]
    assert "2015-12-15 11:48:49" in dump["18"]
    assert "sum of 18 bytes from C = 217H, modulo 256 = 17H" in dump["24"]
    assert "00 00: the terminal itself" in dump["14"]
    assert "F2 terminal_clock  ; DT2 = group 0: F1..F8, DT1 00000010" in dump["16"]


@pytest.mark.parametrize(
    ("frame", "note"),
    [
        (ENERGY, "p3  ; DA2 = group 1: p1..p8, DA1 00000100"),
        (
            "68 39 00 39 00 68 4A 11 11 11 11 02 05 70 01 01 40 01 55 55 F2 16",
            "p1  ; DA2 = groups 00000001, DA1 = members 00000001: p = 8 × group + member + 1",
        ),
    ],
)
def test_annotated_dump_shows_how_points_are_counted(run: Run, frame: str, note: str) -> None:
    assert note in run("decode", "--format", "hex", frame).out


def test_annotated_dump_accounts_for_every_byte(run: Run) -> None:
    for each in INTACT[::7]:
        raw = bytes.fromhex(each["hex"])
        out = run("decode", "--format", "hex", each["hex"]).out
        shown = bytearray()
        for line in out.splitlines()[1:]:
            if line[:6].strip().isdigit():
                assert int(line[:6]) == len(shown)
                shown += bytes.fromhex(line[8:32].strip())
        assert bytes(shown) == raw, each["id"]


def test_json_is_an_array_with_exact_numbers(run: Run) -> None:
    found = json.loads(run("decode", "--format", "json", ENERGY, HEARTBEAT).out, parse_float=Decimal)
    assert len(found) == 2
    assert found[0]["units"][0]["value"]["forward_active_energy"][0] == Decimal("330.2000")
    assert str(found[0]["units"][0]["value"]["forward_active_energy"][0]) == "330.2000"
    assert found[0]["address"] == {"region": "5181", "terminal": 0xFFC1, "master": 1, "group": False}


def test_json_of_nothing_is_an_empty_array(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, b"")
    done = run("decode", "--format", "json")
    assert (json.loads(done.out), done.status) == ([], 1)


def test_csv_has_a_row_for_each_value(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("decode", "--format", "csv", ENERGY).out)))
    energies = [row for row in rows if row["field"].startswith("forward_active_energy")]
    assert [row["value"] for row in energies] == ["330.2000", "0.0000", "0.0000", "0.0000", "0.0000"]
    assert {row["unit"] for row in energies} == {"kWh"}
    assert {row["pn"] for row in rows} == {"3"}


def test_csv_leaves_missing_values_empty(run: Run) -> None:
    frame = next(each["hex"] for each in INTACT if each["id"] == "376-0C-up-004")
    rows = list(csv.DictReader(io.StringIO(run("decode", "--format", "csv", frame).out)))
    assert {row["value"] for row in rows if row["field"].startswith("voltage")} == {""}


def test_colours_only_when_asked_for(run: Run) -> None:
    assert "\x1b[" in run("decode", "--color", "always", CLOCK).out
    assert "\x1b[" not in run("decode", "--color", "never", CLOCK).out


# ---- decode: what it reads


def test_the_example_log_is_understood(run: Run) -> None:
    done = run("decode", "--format", "jsonl", str(EXAMPLE))
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 1
    keys = [unit["key"] for each in found for unit in each.get("units", [])]
    assert keys[:4] == ["login", "confirm_all", "heartbeat", "confirm_all"]
    alarm = next(each for each in found if each["line"] == 13)
    record = alarm["units"][0]["value"]["record"][0]
    assert record["event"] == "voltage_circuit_abnormal"
    assert record["data"]["abnormality"]["type"] == "voltage_loss"
    wrong = {each["line"]: each for each in found if "error" in each or "errors" in each}
    assert sorted(wrong) == [16, 18]
    assert wrong[16]["error_type"] == "TruncatedError"
    assert "checksum" in wrong[18]["errors"][0]


def test_standard_input_is_the_default(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    feed(monkeypatch, CLOCK.encode())
    assert "terminal_clock" in run("decode").out
    feed(monkeypatch, bytes.fromhex(CLOCK))
    assert "terminal_clock" in run("decode", "-").out


def test_binary_files_are_recognised_and_all_noise_is_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "capture.bin"
    file.write_bytes(b"\x11\x22" + bytes.fromhex(HEARTBEAT) + bytes.fromhex(CLOCK)[:10])
    done = run("decode", "--format", "jsonl", str(file))
    found = [json.loads(line) for line in done.out.splitlines()]
    assert [each["offset"] for each in found] == [0, 2, 22]
    assert [each.get("error_type") for each in found] == ["BadStructureError", None, "TruncatedError"]
    assert done.status == 1


def test_wake_up_bytes_are_nothing_wrong(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "serial.bin"
    file.write_bytes(b"\xfe\xfe\xfe\xfe" + bytes.fromhex(CLOCK))
    assert run("decode", str(file)).status == 0


def test_several_files_and_windows_line_ends(run: Run, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_bytes(b"RX " + HEARTBEAT.encode() + b"\r\n")
    out = run("decode", str(tmp_path / "a.log"), str(tmp_path / "b.log")).out
    assert f"{tmp_path / 'a.log'}:1" in out
    assert f"{tmp_path / 'b.log'}:1" in out


@pytest.mark.parametrize("separator", ["", " ", "\r"])
def test_an_endless_line_is_read_in_pieces(run: Run, tmp_path: Path, separator: str) -> None:
    frames = [CLOCK, HEARTBEAT, ENERGY] * 4000
    file = tmp_path / "long.hex"
    file.write_text(
        separator.join(frame.replace(" ", separator.strip()) for frame in frames), encoding="ascii", newline=""
    )
    done = run("decode", "--format", "jsonl", str(file))
    found = [json.loads(line) for line in done.out.splitlines()]
    assert done.status == 0
    assert len(found) == len(frames)
    assert [each["units"][0]["key"] for each in found[:3]] == [
        "terminal_clock",
        "heartbeat",
        "present_forward_active_reading",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_a_log_that_windows_wrote_is_read(run: Run, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "windows.log"
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    file.write_bytes(mark + f"收到第一帧 {HEARTBEAT}\r\n{CLOCK}\r\n".encode(encoding))
    done = run("decode", "--format", "jsonl", str(file))
    assert [json.loads(line)["line"] for line in done.out.splitlines()] == [1, 2]
    assert done.status == 0


def test_a_binary_capture_that_begins_like_utf16_is_none(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "capture.bin"
    file.write_bytes(b"\xff\xfe" + bytes.fromhex(ENERGY) * 3)
    found = [json.loads(line) for line in run("decode", "--format", "jsonl", str(file)).out.splitlines()]
    assert [each["offset"] for each in found] == [0, 2, 53, 104]


def test_a_log_in_gbk_is_read(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "gbk.log"
    file.write_bytes("主站收到心跳：".encode("gbk") + HEARTBEAT.encode())
    assert "heartbeat" in run("decode", str(file)).out


def test_a_frame_with_a_wrong_checksum_is_shown_with_its_error(run: Run) -> None:
    done = run("decode", BAD_CHECKSUM)
    assert done.status == 1
    assert "terminal_version_130" in done.out
    assert "BadChecksumError: checksum wrong: found 05, expected B6" in done.out


@pytest.mark.parametrize("each", DAMAGED, ids=lambda each: each["id"])
def test_damaged_frames_never_stop_the_pipeline(run: Run, each: dict[str, str]) -> None:
    for form in ("tree", "jsonl", "csv", "hex"):
        done = run("decode", "--format", form, each["hex"], HEARTBEAT)
        assert done.status in (0, 1)
        assert "heartbeat" in done.out


def test_strict_shows_no_values_of_a_frame_with_an_error(run: Run) -> None:
    done = run("decode", "--strict", BAD_CHECKSUM)
    assert done.status == 1
    assert "terminal_version_130" not in done.out
    assert "checksum wrong" in done.out


def test_a_seven_byte_address_is_an_option(run: Run) -> None:
    import plmsproto as plms

    message = plms.login(plms.Address("4401", 0x00020003, terminal_size=4))
    done = run("decode", "--address-size", "7", "--format", "jsonl", bytes(message).hex())
    assert json.loads(done.out)["address"]["terminal"] == 0x00020003
    assert done.status == 0


def test_edition_is_forced(run: Run) -> None:
    assert "[376]" in run("decode", "--edition", "376", CLOCK).out
    assert "[1376]" in run("decode", CLOCK).out


def test_a_catalogue_file_adds_items(run: Run, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor.toml"
    vendor.write_text(
        '[[item]]\nafn = 0x0C\nfn = 193\nkey = "vendor_fault"\nen = "Faults"\nzh = "故障"\neditions = ["376", "1376"]\n'
        '[[item.layout]]\ndir = "up"\nfields = "fault u2"\n',
        encoding="utf-8",
    )
    frame = next(each["hex"] for each in INTACT if each["id"] == "376-0C-down-009")
    assert run("decode", frame).status == 1
    done = run("decode", "--catalogue", str(vendor), frame)
    assert done.status == 0
    assert "vendor_fault" in done.out


def test_text_from_the_wire_can_not_steer_a_terminal(run: Run) -> None:
    import plmsproto as plms

    text = plms.command(
        "chinese_text", {"head": {"kind": "ordinary", "number": 1}, "text": "a\tb"}, address=plms.Address("4401", 2)
    )
    assert "a\\x09b" in run("decode", bytes(text).hex()).out


@pytest.mark.parametrize("arguments", [["items"], *(["decode", "--format", form, "-"] for form in VIEWS)])
def test_a_reader_that_has_seen_enough_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    log = tmp_path / "long.log"
    log.write_text(f"{CLOCK}\n" * 5000, encoding="utf-8")
    with log.open("rb") as lines:
        command = [sys.executable, "-m", "plmsproto", *arguments]
        process = subprocess.Popen(command, stdin=lines, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        complaints = process.stderr.read()
        process.stderr.close()
        assert (process.wait(), complaints) == (0, b"")


# ---- wrong usage


@pytest.mark.parametrize(
    "arguments",
    [
        ["decode", "no-such-file.log"],
        ["decode", "xyz"],
        ["decode", "--format", "yaml", CLOCK],
        ["decode", "--edition", "645", CLOCK],
        ["decode", "--catalogue", "no-such-catalogue.toml", CLOCK],
        ["encode", "no-such-file.json"],
        ["encode", "--catalogue", "no-such-catalogue.toml"],
        ["explain"],
        [],
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.status == 2
    assert done.err.strip()


def test_a_wrong_catalogue_names_its_line(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(
        '[[item]]\nafn = 0x0C\nfn = 193\nkey = "x"\n[[item.layout]]\ndir = "up"\nfields = """\na u1\nb u9\n"""\n',
        encoding="utf-8",
    )
    done = run("decode", "--catalogue", str(wrong), CLOCK)
    assert done.status == 2
    assert "wrong.toml" in done.err
    assert "u9" in done.err


# ---- encode


def test_encode_gives_back_what_decode_printed(run: Run, tmp_path: Path) -> None:
    wanted = [bytes.fromhex(each["hex"]) for each in INTACT]
    log = tmp_path / "frames.log"
    log.write_text("\n".join(f"RX {raw.hex()}" for raw in wanted), encoding="utf-8")
    for form in ("json", "jsonl"):
        file = tmp_path / f"frames.{form}"
        file.write_text(run("decode", "--format", form, str(log)).out, encoding="utf-8")
        done = run("encode", str(file))
        assert done.status == 0, done.err
        assert [bytes.fromhex(line) for line in done.out.splitlines()] == wanted


def test_encode_keeps_a_wrong_checksum(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = run("decode", "--format", "jsonl", BAD_CHECKSUM).out
    feed(monkeypatch, printed.encode())
    assert run("encode").out.strip() == BAD_CHECKSUM


def test_encode_takes_a_message_written_by_hand(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    message = {
        "edition": "376",
        "address": {"region": "4401", "terminal": 2, "master": 1},
        "control": "4B",
        "afn": "0C",
        "seq": {"number": 5},
        "units": [{"key": "present_power", "pn": 1}],
    }
    feed(monkeypatch, json.dumps(message, indent=2).encode())
    assert run("encode").out.strip() == "68 32 00 32 00 68 4B 01 44 02 00 02 0C 65 01 01 01 03 0B 16"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "edition is missing"),
        ("[1]", "not a message"),
        ("{", "not JSON"),
        ("hello", "not JSON"),
        ('{"edition": "999"}', "no such edition"),
        (
            '{"edition": "376", "afn": "0C", "control": "4B", "address": {"region": "4401"}}',
            "address.terminal is missing",
        ),
        (
            '{"edition": "376", "afn": "0C", "control": "4B", "address": {"region": "4401", "terminal": 1},'
            ' "units": [{"key": "present_pwr"}]}',
            "present_power",
        ),
    ],
)
def test_encode_says_what_is_wrong_and_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    feed(monkeypatch, text.encode())
    done = run("encode")
    assert done.status == 1
    assert words in done.err
    assert done.out == ""


def test_one_bad_line_does_not_stop_the_others(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    good = run("decode", "--format", "jsonl", CLOCK).out
    feed(monkeypatch, (good + "{broken\n" + good).encode())
    done = run("encode")
    assert done.status == 1
    assert "line 2" in done.err
    assert done.out.splitlines() == [CLOCK, CLOCK]


# ---- items


def test_items_shows_the_layout_of_one(run: Run) -> None:
    out = run("items", "0C", "F25").out
    assert "present_power" in out
    assert "当前三相及总有/无功功率" in out
    row = next(line for line in out.splitlines() if "voltage_a" in line)
    assert row.split() == ["37", "voltage_a", "A7", "V", "A相电压"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (["ERC14"], "terminal_power_down_up"),
        (["F25"], "05 F25  supply_guarantee_engage"),
        (["F1"], "0F F1   file_transfer_mode_1"),
        (["clock_set"], "05 F31"),
        (["0E"], "event_by_code"),
        (["电压回路"], "ERC10"),
        (["phase", "angles"], "0C F49"),
        ([], "ERC41"),
    ],
)
def test_items_finds_by_number_key_and_words(run: Run, query: list[str], expected: str) -> None:
    done = run("items", *query)
    assert done.status == 0
    assert expected in done.out


def test_items_names_codes_in_chinese_beside_the_names_that_programs_write(run: Run) -> None:
    assert "0 = accepted, 1 = other_error" in run("items", "00", "F3").out
    assert "0 = accepted 正确, 1 = other_error 其他错误" in run("items", "--lang", "zh", "00", "F3").out


def test_items_of_an_edition(run: Run) -> None:
    assert "event_by_code" not in run("items", "--edition", "376", "0E").out
    assert run("items", "--edition", "376", "ERC41").status == 1


def test_items_says_when_nothing_is_found(run: Run) -> None:
    done = run("items", "flux", "capacitor")
    assert done.status == 1
    assert done.err
