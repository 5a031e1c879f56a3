"""What the benchmarks measure on is what they say it is; how fast anything is, no test says."""

from __future__ import annotations

import gzip
import io
import subprocess
import sys
from collections import Counter
from pathlib import Path

import bench_bulk
import pytest
import traffic
from measure import Report
from traffic import MIX, ONE_CURVE, PRESENT_POWER, Traffic

import plmsproto as plms

ROOT = Path(__file__).parents[1]
SIZE = 400_000


@pytest.fixture(scope="module")
def generated() -> Traffic:
    return Traffic()


@pytest.fixture(scope="module")
def mix(generated: Traffic) -> bytes:
    return generated.buffer(SIZE)


@pytest.fixture(scope="module")
def messages(mix: bytes) -> list[plms.Message]:
    return decoded(mix)


def decoded(buffer: bytes) -> list[plms.Message]:
    return [plms.decode(frame) for frame in frames(buffer)]


def frames(buffer: bytes) -> list[bytes]:
    return [buffer[found.offset : found.offset + found.length] for found in plms.bulk.scan(buffer)]


# ------------------------------------------------------------------------------------------------- the mix


def test_every_frame_decodes_strictly_and_keeps_to_the_standard(messages: list[plms.Message]) -> None:
    for message in messages:
        assert not message.errors, message
        assert not message.deviations, message


def test_the_same_seed_gives_the_same_bytes(mix: bytes) -> None:
    again = Traffic()
    again.buffer(20_000, PRESENT_POWER)  # what was built before does not matter
    assert again.buffer(SIZE) == mix
    assert Traffic(seed=131).buffer(SIZE) != mix


def test_a_stream_has_the_size_that_was_asked_for(generated: Traffic, mix: bytes) -> None:
    assert SIZE - 2000 < len(mix) <= SIZE
    assert b"".join(generated.pieces(SIZE)) == mix
    assert generated.buffer(0) == b""


def test_the_mix_has_the_shares_that_it_promises(messages: list[plms.Message]) -> None:
    def share(*keys: str, direction: plms.Direction) -> float:
        return count_of(keys, direction) / (len(messages) / 2)

    def count_of(keys: tuple[str, ...], direction: plms.Direction) -> int:
        return sum(message.units[0].key in keys and message.direction is direction for message in messages)

    up, down = plms.Direction.UP, plms.Direction.DOWN
    assert share("heartbeat", direction=up) == pytest.approx(MIX[traffic.heartbeats], abs=0.04)
    assert share("present_power", direction=up) == pytest.approx(MIX[traffic.present_powers], abs=0.04)
    assert share("present_power", direction=down) == pytest.approx(MIX[traffic.present_powers], abs=0.04)
    readings = ("present_forward_active_reading", "present_forward_reading")
    assert share(*readings, direction=up) == pytest.approx(MIX[traffic.present_readings], abs=0.04)
    freezes = ("daily_forward_active_reading", "daily_forward_reading")
    assert share(*freezes, direction=up) == pytest.approx(MIX[traffic.daily_freezes], abs=0.04)
    curves = tuple(item.key for item in plms.items(0x0D) if item.key.endswith("_curve"))
    assert share(*curves, direction=up) == pytest.approx(MIX[traffic.curves], abs=0.03)
    assert share("important_event", "general_event", direction=up) == pytest.approx(MIX[traffic.events], abs=0.02)
    assert 0 < share("deny_all", direction=up) < 0.03
    assert sum(message.direction is up for message in messages) == pytest.approx(len(messages) / 2, abs=20)


def test_the_mix_has_noise(mix: bytes) -> None:
    found = sum(plms.bulk.scan(mix).length)
    assert 0.008 < 1 - found / len(mix) < 0.012


def test_the_mix_is_of_many_terminals_and_both_families(messages: list[plms.Message]) -> None:
    addresses = {(message.address.region, message.address.terminal) for message in messages}
    assert len(addresses) > 1000
    assert {message.address.region for message in messages} == set(traffic.REGIONS)
    editions = Counter(message.edition for message in messages)
    assert 0.06 < editions[plms.Edition.GDW130] / len(messages) < 0.2
    assert any(len({unit.pn for unit in message.units}) == 8 for message in messages)
    assert any(message.control.acd for message in messages)
    assert any(message.aux.tp is not None for message in messages)


def test_terminals_are_those_of_the_simulated_customers() -> None:
    addresses = [address for number in range(traffic.CUSTOMERS) for address, _ in traffic.addresses_of(number)]
    assert len(set(addresses)) == traffic.TERMINALS == len(addresses)


def test_values_are_plausible(messages: list[plms.Message]) -> None:
    bodies = [
        unit.value for message in messages for unit in message.units if unit.key == "present_power" and unit.value
    ]
    assert len(bodies) > 200
    values = [value for body in bodies for value in body.values()]
    assert 0.03 < values.count(None) / len(values) < 0.09
    for body in bodies:
        assert 200 < body["voltage_a"] < 245
        assert 0 < body["current_a"] < 6
        assert 70 < body["power_factor_total"] <= 100
        assert body["read_time"].date() == traffic.MIDNIGHT.date()
    records = [unit.value["record"] for message in messages for unit in message.units if "record" in (unit.value or {})]
    assert len({record["event"] for each in records for record in each}) == len(traffic.RECORDS)
    assert max(map(len, records)) > 2


def test_readings_grow_with_the_time_of_the_stream(generated: Traffic) -> None:
    readings: dict[tuple[str, int, int], list[tuple[object, object]]] = {}
    # A megabyte for each kind and time of day would be much; three times show it.
    for step in (0, 20, 40):
        for prepared, _ in generated.exchanges(step, {traffic.present_readings: 1}):
            message = plms.decode(prepared.templates[-1].under(prepared.addresses[0][0]))
            unit = message.units[0]
            place = (message.address.region, message.address.terminal, unit.pn)
            readings.setdefault(place, []).append((unit.value["read_time"], unit.value["forward_active_energy"][0]))
    assert len(readings) == traffic.CUSTOMERS
    for series in readings.values():
        assert len(series) == 3
        assert series == sorted(series)
        assert series[0][1] < series[-1][1]  # type: ignore[operator]


# ------------------------------------------------------------------------------------------------- other streams


def test_present_powers_are_one_unit_of_24_fields(generated: Traffic) -> None:
    for message in decoded(generated.buffer(30_000, PRESENT_POWER, noise=0)):
        [unit] = message.units
        assert (unit.key, unit.pn, len(unit.value)) == ("present_power", 1, 24)
        assert message.direction is plms.Direction.UP
        assert not message.deviations


def test_curves_have_96_points(generated: Traffic) -> None:
    found = decoded(generated.buffer(60_000, ONE_CURVE, noise=0))
    assert len({message.units[0].key for message in found}) > 10
    for message in found:
        [unit] = message.units
        [points] = [value for value in unit.value.values() if isinstance(value, list)]
        assert len(points) == bench_bulk.POINTS
        assert points.count(None) < 20
        assert not message.deviations


def test_without_noise_there_is_none(generated: Traffic) -> None:
    buffer = generated.buffer(50_000, noise=0)
    assert sum(plms.bulk.scan(buffer).length) == len(buffer)


def test_hostile_streams_are_what_they_are_called(generated: Traffic) -> None:
    streams = traffic.hostile_streams(200_000, generated)
    for name, stream in streams.items():
        assert len(stream) == 200_000
        found = frames(stream)
        if not name.startswith("valid frames"):
            assert not found
            continue
        assert sum(map(len, found)) > 199_000
        wrong = [plms.decode(frame, strict=False) for frame in found[:300]]
        assert sum(bool(message.errors) for message in wrong) > 290


def test_few_bytes_ask_for_many_units() -> None:
    [frame, *_] = frames(traffic.requests_for_many(2000))
    assert len(plms.decode(frame).units) == traffic.UNITS_OF_A_REQUEST


# ------------------------------------------------------------------------------------------------- files


def test_a_log_holds_the_same_records(mix: bytes) -> None:
    out = io.BytesIO()
    assert traffic.write(out, SIZE, log=True) == len(out.getvalue())
    lines = out.getvalue().decode().splitlines()
    assert b"".join(bytes.fromhex(line.split(" ", 4)[4]) for line in lines) == mix
    assert {line.split(" ")[3] for line in lines} == {"RX", "TX"}
    assert lines == sorted(lines, key=lambda line: line[:23])


def test_a_file_can_be_written_from_the_command_line(tmp_path: Path, mix: bytes) -> None:
    target = tmp_path / "traffic.gz"
    script = ROOT / "benchmarks" / "traffic.py"
    subprocess.run([sys.executable, script, "--size", "400kB", "--out", target, "--gzip"], check=True)
    assert gzip.decompress(target.read_bytes()) == mix


@pytest.mark.parametrize(("text", "size"), [("17", 17), ("10MB", 10**7), ("1.5 GB", 1_500_000_000), ("2k", 2000)])
def test_sizes(text: str, size: int) -> None:
    assert traffic.size_of(text) == size


# ------------------------------------------------------------------------------------------------- comparisons


def test_construct_finds_the_same_values(generated: Traffic) -> None:
    pytest.importorskip("construct")
    from construct_frames import body_of, frame

    interpreted = frame()
    compiled = interpreted.compile()
    found = frames(generated.buffer(40_000, PRESENT_POWER, noise=0))
    assert len({len(each) for each in found}) > 2  # with and without event counters and time labels
    for each in found:
        wanted = plms.decode(each).units[0].value
        assert body_of(interpreted.parse(each)) == wanted
        assert body_of(compiled.parse(each)) == wanted


def test_construct_refuses_what_is_damaged(generated: Traffic) -> None:
    construct = pytest.importorskip("construct")
    from construct_frames import frame

    damaged = bytearray(frames(generated.buffer(5000, PRESENT_POWER, noise=0))[0])
    damaged[40] ^= 1
    with pytest.raises(construct.ConstructError):
        frame().parse(bytes(damaged))


def test_the_page_has_a_place_for_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_bytes((ROOT / "docs" / "performance.md").read_bytes())
    report = Report(["a machine"])
    report.section("a section")
    report.add("what", "1 ns/frame", "2 times", ">= 3", False)
    bench_bulk.fill(page, report)
    filled = page.read_text(encoding="utf-8")
    assert "| what | 1 ns/frame | 2 times | >= 3 missed |" in filled
    bench_bulk.fill(page, report)
    assert page.read_text(encoding="utf-8") == filled
