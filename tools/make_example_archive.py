"""Writes ``examples/feeder.log.gz``: a day of six terminals on one feeder, as a head-end logs it.

Run it with ``python tools/make_example_archive.py``. The documentation makes tables and load curves of the log:
the same values come out each time.
"""

from __future__ import annotations

import datetime as dt
import gzip
import math
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import plmsproto as plms

LOG = Path(__file__).parent.parent / "examples" / "feeder.log.gz"
DAY = dt.datetime(2024, 3, 14)
CUSTOMERS = ((12, 8.0, 19.0), (25, 7.0, 22.0), (6, 22.0, 6.0), (40, 8.5, 17.5), (9, 9.0, 21.0), (18, 6.0, 18.0))
"""For each terminal its load in kW, and the hours at which its working day begins and ends."""


def load(kilowatt: int, begin: float, end: float, hour: float) -> Decimal:
    """The active power of a customer at an hour, in kW: a slow begin, a sudden end, and a ripple."""
    within = (hour - begin) % 24 < (end - begin) % 24
    ramp = min(1.0, ((hour - begin) % 24) / 1.5) if within else 0.0
    ripple = 1 + 0.04 * math.sin(5 * hour + kilowatt)
    return round(Decimal(kilowatt * (0.15 + 0.75 * ramp) * ripple), 4)


def present_power(power: Decimal, clock: dt.datetime) -> dict[str, Any]:
    """The values of AFN 0CH F25 at a balanced load."""
    reactive = round(power * Decimal("0.32"), 4)
    apparent = round((power * power + reactive * reactive).sqrt(), 4)
    phase = {"active_power": power, "reactive_power": reactive, "apparent_power": apparent}
    values: dict[str, Any] = {"read_time": clock, "current_zero": Decimal("0.012")}
    for name, total in phase.items():
        values[f"{name}_total"] = total
        values |= {f"{name}_{each}": round(total / 3, 4) for each in "abc"}
    values |= {f"power_factor_{each}": Decimal("95.2") for each in ("total", "a", "b", "c")}
    values |= {f"voltage_{each}": Decimal("220.0") + shift for each, shift in zip("abc", (0, 1, -1), strict=True)}
    return values | {f"current_{each}": round(apparent / 3 * 1000 / 220, 3) for each in "abc"}


def records() -> Iterator[tuple[dt.datetime, int, str, plms.Message]]:
    """Time, number of the terminal, direction and frame, not in order."""
    for number, customer in enumerate(CUSTOMERS, 1):
        address = plms.Address("4401", 0x0100 + number)
        master = plms.Address("4401", 0x0100 + number, master=1)
        for hour in range(24):
            begin = DAY + dt.timedelta(hours=hour, minutes=2 * number, seconds=number)
            yield begin, number, "RX", plms.heartbeat(address, clock=begin)
            poll = plms.request("present_power", pn=1, address=master)
            values = present_power(load(*customer, hour), begin.replace(second=0))
            yield begin + dt.timedelta(seconds=20), number, "TX", poll
            answer = plms.respond(poll, [plms.unit("present_power", values, pn=1)])
            yield begin + dt.timedelta(seconds=22), number, "RX", answer
        night = DAY + dt.timedelta(days=1, minutes=10 + number)
        mark = {"start_time": DAY, "density": "every_15_minutes", "point_count": 96}
        poll = plms.request("active_power_total_curve", value={"curve": mark}, pn=1, address=master)
        points = [load(*customer, point / 4) if (number, point) != (2, 40) else None for point in range(96)]
        curve = plms.unit("active_power_total_curve", {"curve": mark, "active_power_total": points}, pn=1)
        answer = plms.respond(poll, [curve])
        yield night, number, "TX", poll
        yield night + dt.timedelta(seconds=3), number, "RX", answer


def main() -> None:
    """Writes the log."""
    lines = []
    for when, number, way, message in sorted(records(), key=lambda record: record[:2]):
        text = bytes(message).hex(" ").upper()
        lines.append(f"{when:%Y-%m-%d %H:%M:%S}.{number:03} 10.1.7.{number}:4021{number} {way} {text}\n")
    # The same bytes each time: without a name and a time in the head.
    with LOG.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as log:
        log.write("".join(lines).encode())


if __name__ == "__main__":
    main()
