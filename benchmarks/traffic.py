"""Generated traffic that looks like a head-end's, for benchmarks and large tests.

    python benchmarks/traffic.py --size 2GB --out FILE [--format binary|hexlog] [--gzip]

A day of 16,000 terminals in four regions: heartbeats and their confirmations, polls of class 1 data, daily freezes,
curves of 96 points, events, denials, and between them the noise of a line: wake-up bytes, words of a modem, cut and
damaged frames. An eighth of the terminals speak Q/GDW 130, the others the 376.1 family. Terminals have one to eight
meters, so that a frame answers for one to eight points; one in ten has a single phase and sends EE for the others.

What is repeated, and what is not: behind the terminals stand a few dozen simulated customers. Their exchanges are made
with the library's builders, one of each kind for each half hour of the day and each customer. In the stream, each
exchange is drawn at random from those of its time and put under the address of one of the customer's terminals, with
the checksum that follows. So addresses, order, noise and checksums differ everywhere, times run on through the stream,
and readings grow with them. But a gigabyte holds some three thousand bodies of each kind over and over: a decoder that
remembered bodies would win unfairly, and the branch predictors of the processor are luckier than in the field. Mixed
streams of less than some forty megabytes go through the day in larger steps, with fewer bodies.

One cut frame in some ten thousand swallows its neighbour, as real ones do, if by chance its announced end falls on an
end byte and the checksum is right: how many frames a searcher finds is not promised to the last one.

The same seed and size give the same bytes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gzip
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import plmsproto as plms
from plmsproto.link import TAG_376

TERMINALS: Final = 16_000
REGIONS: Final = ("4401", "4403", "4406", "4419")
MIDNIGHT: Final = dt.datetime(2024, 3, 15)
STEPS: Final = 48
"""Half hours of the day that a long stream goes through."""
CUSTOMERS: Final = 64
TARIFFS: Final = (0.14, 0.37, 0.30, 0.19)
"""Shares of the four tariffs in the energy."""
NOISE: Final = 0.01
"""Share of the bytes between frames that are none."""
BATCH: Final = 20_000
"""Exchanges that are drawn at a time."""

PHASES: Final = ("a", "b", "c")
TOTAL_AND_PHASES: Final = ("total", *PHASES)
CURVES: Final = tuple(
    [(f"{name}_{of}_curve", f"{name}_{of}") for name in ("active_power", "reactive_power") for of in TOTAL_AND_PHASES]
    + [(f"{name}_{of}_curve", f"{name}_{of}") for name in ("voltage", "current") for of in PHASES]
    + [(f"forward_{kind}_reading_curve", f"forward_{kind}_energy") for kind in ("active", "reactive")]
    + [(f"power_factor_{of}_curve", f"power_factor_{of}") for of in TOTAL_AND_PHASES]
)
"""Keys of curve items (0D F81 to F108), each with its field."""


# ------------------------------------------------------------------------------------------------- customers


class Customer:
    """What a simulated customer's meters measure: loads that follow the day, readings that grow.

    Values are texts with as many digits as the items have; ``None`` is what a single-phase meter does not measure.
    """

    def __init__(self, number: int, seed: int) -> None:
        chosen = random.Random(f"{seed} customer {number}")
        self.number = number
        self.edition = "130" if number % 8 == 5 else ("376", "1376")[number % 2]
        self.phases = PHASES[:1] if number % 10 == 3 else PHASES
        self.points = tuple(range(1, chosen.choice((1, 1, 1, 2, 2, 4, 8)) + 1))
        self.master = chosen.randrange(1, 16)
        self.address = plms.Address(REGIONS[0], 1, self.master)
        self.has_events_waiting = number % 6 == 2
        self.labels_time = number % 4 == 1
        self._current = chosen.uniform(0.4, 4.5)
        self._night = chosen.uniform(0.05, 0.4)
        self._peak = chosen.uniform(9, 20)
        self._factor = chosen.uniform(0.82, 0.97)
        self._reading = chosen.uniform(500, 60_000)
        self._voltage = chosen.gauss(221, 3)
        self._decimals = decimals_of(self.edition)

    def counters(self, when: dt.datetime) -> plms.EventCounters:
        elapsed = (when - MIDNIGHT).days * 3 + when.hour // 8
        return plms.EventCounters((self.number + elapsed) % 256, (self.number * 5 + elapsed) % 256)

    def load(self, when: dt.datetime) -> float:
        """Share of the largest load at a time of day."""
        hour = when.hour + when.minute / 60
        distance = min(abs(hour - self._peak), 24 - abs(hour - self._peak))
        return self._night + (1 - self._night) * math.exp(-((distance / 5) ** 2))

    def energy(self, when: dt.datetime, point: int = 1) -> float:
        """The reading of the total forward active energy, in kWh."""
        days = (when - MIDNIGHT) / dt.timedelta(days=1)
        return self._reading * (1 + point / 7) + 24 * 0.66 * self._current * self._factor * (0.3 + self._night) * days

    def readings(self, when: dt.datetime, point: int, share: float, decimals: int) -> list[str]:
        """A reading's total and its tariffs, which add up."""
        total = self.energy(when, point) * share * 10**decimals
        tariffs = [int(total * part) for part in TARIFFS]
        return [fixed(each, decimals) for each in (sum(tariffs), *tariffs)]

    def measured(self, when: dt.datetime, drawn: random.Random, fields: Iterable[str] = ()) -> dict[str, str | None]:
        """Powers, power factors, voltages and currents at one moment, by the names of their fields.

        Args:
            when: the moment.
            drawn: where the noise of the measurement comes from.
            fields: which are wanted; those of AFN 0CH F25 by default.
        """
        load = self.load(when)
        sums = [0.0, 0.0, 0.0]
        found: dict[str, float] = {}
        for phase in self.phases:
            volts = self._voltage + drawn.gauss(0, 1.2) - 3 * load
            amperes = self._current * load * drawn.uniform(0.9, 1.1)
            factor = min(self._factor * drawn.uniform(0.97, 1.03), 1.0)
            apparent = volts * amperes / 1000
            powers = apparent * factor, apparent * math.sqrt(1 - factor * factor), apparent
            for place, (name, power) in enumerate(zip(POWERS, powers, strict=True)):
                sums[place] += power
                found[f"{name}_{phase}"] = power
            found[f"power_factor_{phase}"] = 100 * factor
            found[f"voltage_{phase}"] = volts
            found[f"current_{phase}"] = amperes
        for name, power in zip(POWERS, sums, strict=True):
            found[f"{name}_total"] = power
        found["power_factor_total"] = 100 * sums[0] / sums[2]
        if len(self.phases) == 3:
            found["current_zero"] = drawn.uniform(0, 0.09)
        return {
            name: f"{found[name]:.{self._decimals[name]}f}" if name in found else None
            for name in fields or self._decimals
        }


POWERS: Final = ("active_power", "reactive_power", "apparent_power")


def decimals_of(edition: str) -> dict[str, int]:
    """The fields of AFN 0CH F25 and how many decimals each has: what 376.1 changed are currents and apparent powers."""
    powers = POWERS[:2] if edition == "130" else POWERS
    found = {f"{name}_{of}": 4 for name in powers for of in TOTAL_AND_PHASES}
    found |= {f"power_factor_{of}": 1 for of in TOTAL_AND_PHASES} | {f"voltage_{of}": 1 for of in PHASES}
    return found | {f"current_{of}": 2 if edition == "130" else 3 for of in (*PHASES, "zero")}


def fixed(scaled: int, decimals: int) -> str:
    return f"{scaled // 10**decimals}.{scaled % 10**decimals:0{decimals}d}"


# ------------------------------------------------------------------------------------------------- exchanges


@dataclass(frozen=True, slots=True)
class Moment:
    """For whom and when an exchange is made, and where its chance comes from."""

    customer: Customer
    when: dt.datetime
    step: int
    drawn: random.Random

    def unit(self, key: str, value: Mapping[str, Any] | None = None, pn: int = 0) -> plms.DataUnit:
        return plms.unit(key, value, pn=pn, edition=self.customer.edition)

    def ask(self, units: Sequence[plms.DataUnit]) -> plms.Message:
        """A request of the master station, with a time label if it sends them to this customer's terminals."""
        label = plms.Tp.at(self.when, pfc=self.drawn.randrange(256), delay=5) if self.customer.labels_time else None
        number = self.drawn.randrange(16)
        return plms.request(
            units, address=self.customer.address, edition=self.customer.edition, number=number, tp=label
        )

    def answer(self, ask: plms.Message, units: Sequence[plms.DataUnit]) -> plms.Message:
        """The terminal's response, with event counters if events wait."""
        counters = self.customer.counters(self.when) if self.customer.has_events_waiting else None
        return plms.respond(ask, units, counters=counters)

    def exchange(
        self, keys: Iterable[str], points: Iterable[int], body: Callable[[str, int], dict[str, Any]], mark: Any = None
    ) -> list[plms.Message]:
        """Items asked for and answered, each for each point."""
        pairs = [(key, point) for point in points for key in keys]
        ask = self.ask([self.unit(key, mark, point) for key, point in pairs])
        return [
            ask,
            self.answer(ask, [self.unit(key, {**(mark or {}), **body(key, point)}, point) for key, point in pairs]),
        ]


def heartbeats(at: Moment) -> list[plms.Message]:
    clock = at.when if at.customer.edition == "1376" and at.customer.number % 3 == 0 else None
    beat = plms.heartbeat(at.customer.address, edition=at.customer.edition, number=at.drawn.randrange(16), clock=clock)
    return [beat, plms.confirm(beat)]


def present_powers(at: Moment) -> list[plms.Message]:
    """0C F25 of all points of a terminal."""
    return at.exchange(
        ["present_power"],
        at.customer.points,
        lambda _key, _point: {"read_time": at.when, **at.customer.measured(at.when, at.drawn)},
    )


def present_readings(at: Moment) -> list[plms.Message]:
    """0C F33 and F34, or from 376.1 on also those of F129 to F136 by themselves."""
    if at.customer.edition == "130" or at.customer.number % 4 == 0:
        return at.exchange(
            ["present_forward_reading", "present_reverse_reading"], at.customer.points, at_all_tariffs(at)
        )
    return at.exchange([f"present_{name}_reading" for name in READINGS], at.customer.points[:2], at_all_tariffs(at))


def daily_freezes(at: Moment) -> list[plms.Message]:
    """0D F161 to F168, in 130 F1 and F2: of the days before, as a master station that catches up asks for them."""
    mark = {"freeze_day": (at.when - dt.timedelta(days=1 + at.step % 30)).date()}
    keys = [f"daily_{name}_reading" for name in READINGS]
    if at.customer.edition == "130":
        keys = ["daily_forward_reading", "daily_reverse_reading"]
    return at.exchange(keys, at.customer.points[:2], at_all_tariffs(at), mark)


READINGS: Final = (
    *("forward_active", "forward_reactive", "reverse_active", "reverse_reactive"),
    *("quadrant_1_reactive", "quadrant_2_reactive", "quadrant_3_reactive", "quadrant_4_reactive"),
)
ENERGIES: Final = {
    "forward_active": (1.0, 4),
    "forward_reactive": (0.31, 2),
    "reverse_active": (0.002, 4),
    "reverse_reactive": (0.01, 2),
    "quadrant_1_reactive": (0.28, 2),
    "quadrant_2_reactive": (0.004, 2),
    "quadrant_3_reactive": (0.006, 2),
    "quadrant_4_reactive": (0.03, 2),
}
"""Shares of the energies in the forward active one, and the decimals of their readings."""
IN_ONE_ITEM: Final = {
    "forward_reading": ("forward_active", "forward_reactive", "quadrant_1_reactive", "quadrant_4_reactive"),
    "reverse_reading": ("reverse_active", "reverse_reactive", "quadrant_2_reactive", "quadrant_3_reactive"),
}


def at_all_tariffs(at: Moment) -> Callable[[str, int], dict[str, Any]]:
    """Bodies of items of readings: what a meter of one phase does not have is there without a value."""

    def body(key: str, point: int) -> dict[str, Any]:
        name = key.split("_", 1)[1]
        when = at.when - dt.timedelta(days=at.step % 30 if key.startswith("daily_") else 0)
        found: dict[str, Any] = {"read_time": when, "tariff_count": len(TARIFFS)}
        for energy in IN_ONE_ITEM.get(name, (name.removesuffix("_reading"),)):
            share, decimals = ENERGIES[energy]
            if "reactive" in energy and len(at.customer.phases) == 1:
                found[f"{energy}_energy"] = [None] * (1 + len(TARIFFS))
            else:
                found[f"{energy}_energy"] = at.customer.readings(when, point, share, decimals)
        return found

    return body


def curves(at: Moment) -> list[plms.Message]:
    """Up to three curves of a day before, and now and then those of the angles, whose points are records."""
    known = curves_of(at.customer)
    wanted = [known[place] for place in sorted(at.drawn.sample(range(len(known)), at.drawn.randrange(1, 4)))]
    mark = {"curve": day_of_points(at)}
    if at.customer.edition != "130" and at.drawn.random() < 0.1:
        return at.exchange(["voltage_angle_curve"], [1], lambda _key, _point: {"point": angles(at)}, mark)
    fields = dict(wanted)
    return at.exchange(list(fields), [1], lambda key, _point: {fields[key]: points_of(at, fields[key])}, mark)


def curves_of(customer: Customer) -> list[tuple[str, str]]:
    """Keys and fields of the curves that a customer's meters have."""
    lacking = tuple(f"_{phase}" for phase in PHASES if phase not in customer.phases)
    return [each for each in CURVES if not each[1].endswith(lacking)] if lacking else list(CURVES)


def day_of_points(at: Moment) -> dict[str, Any]:
    start = (at.when - dt.timedelta(days=1 + at.step % 30)).replace(hour=0, minute=0)
    return {"start_time": start, "density": "every_15_minutes", "point_count": 96}


def points_of(at: Moment, name: str) -> list[str | None]:
    """The 96 values of a curve; one in fifty is missing, as a terminal does not always reach its meter."""
    start = day_of_points(at)["start_time"]
    moments = [start + dt.timedelta(minutes=15 * number) for number in range(96)]
    if name.endswith("_energy"):
        share = ENERGIES[name.removesuffix("_energy")][0]
        values: list[str | None] = [fixed(int(at.customer.energy(when) * share * 100), 2) for when in moments]
    else:
        values = [at.customer.measured(when, at.drawn, [name])[name] for when in moments]
    return [None if at.drawn.random() < 0.02 else value for value in values]


def angles(at: Moment) -> list[dict[str, Any]]:
    return [
        {
            f"voltage_angle_{phase}": f"{nominal + at.drawn.uniform(0, 4):.1f}"
            for phase, nominal in zip(PHASES, (0, 120, 240), strict=True)
        }
        for _ in range(96)
    ]


def events(at: Moment) -> list[plms.Message]:
    """Important events that are reported and confirmed, or general ones that are asked for."""
    records = [record(at) for record in at.drawn.choices(RECORDS, k=at.drawn.randrange(1, 5))]
    counters = at.customer.counters(at.when)
    general = at.customer.number % 3 == 0
    unit = plms.event_unit(records, counters=counters, general=general, edition=at.customer.edition)
    if general:
        pointers = {name: unit.value[name] for name in ("start_pointer", "end_pointer")}
        ask = at.ask([at.unit("general_event", pointers)])
        return [ask, at.answer(ask, [unit])]
    report = plms.report(at.customer.address, [unit], edition=at.customer.edition, confirmed=True, counters=counters)
    return [report, plms.confirm(report)]


def of_a_point(at: Moment, start: bool = True) -> dict[str, Any]:
    return {"event_time": at.when, "point": {"measurement_point": at.drawn.choice(at.customer.points), "start": start}}


def electrical(at: Moment, *names: str) -> dict[str, Any]:
    return at.customer.measured(at.when, at.drawn, [f"{name}_{phase}" for name in names for phase in PHASES])


def parameter_change(at: Moment) -> dict[str, Any]:
    changed = [plms.Identifier((point,), (25,)) for point in at.customer.points]
    return {
        "event": "parameter_change",
        "data": {"event_time": at.when, "initiator": at.customer.master, "data_unit": changed},
    }


def power_down_up(at: Moment) -> dict[str, Any]:
    data = {"event_time": at.when - dt.timedelta(minutes=at.drawn.randrange(2, 300)), "power_up_time": at.when}
    return {"event": "terminal_power_down_up", "data": data}


def voltage_circuit(at: Moment) -> dict[str, Any]:
    abnormality = {"phase_a": False, "phase_b": True, "phase_c": False, "type": "voltage_loss"}
    energy = at.customer.readings(at.when, 1, 1, 4)[0]
    data = {
        **of_a_point(at),
        "abnormality": abnormality,
        **electrical(at, "voltage", "current"),
        "forward_active_energy": energy,
    }
    return {"event": "voltage_circuit_abnormal", "data": data}


def voltage_limit(at: Moment) -> dict[str, Any]:
    flag = {"phase_a": True, "phase_b": False, "phase_c": False, "type": "above_upper_upper_limit"}
    return {"event": "voltage_over_limit", "data": {**of_a_point(at), "limit_flag": flag, **electrical(at, "voltage")}}


def clock_error(at: Moment) -> dict[str, Any]:
    return {"event": "meter_clock_error", "data": of_a_point(at, at.drawn.random() < 0.5)}


RECORDS: Final = (parameter_change, power_down_up, voltage_circuit, voltage_limit, clock_error)


def denials(at: Moment) -> list[plms.Message]:
    """A day's freeze that the terminal does not have."""
    ask = at.ask([at.unit("daily_forward_reading", {"freeze_day": (at.when - dt.timedelta(days=40)).date()}, 1)])
    return [ask, plms.deny(ask, no_such_data=True)]


def one_present_power(at: Moment) -> list[plms.Message]:
    """The answer alone, about one point, of terminals of 376.1: 24 fields in 87 bytes and more."""
    if at.customer.edition == "130":
        return []
    power = at.unit("present_power", {"read_time": at.when, **at.customer.measured(at.when, at.drawn)}, 1)
    return [at.answer(at.ask([at.unit("present_power", None, 1)]), [power])]


def one_curve(at: Moment) -> list[plms.Message]:
    """The answer alone, with one curve of 96 numbers."""
    key, name = at.drawn.choice(curves_of(at.customer))
    mark = {"curve": day_of_points(at)}
    [_ask, answer] = at.exchange([key], [1], lambda _key, _point: {name: points_of(at, name)}, mark)
    return [answer]


Kind = Callable[[Moment], list[plms.Message]]
Shares = Mapping[Kind, float]
MIX: Final[Shares] = {
    heartbeats: 0.25,
    present_powers: 0.20,
    present_readings: 0.25,
    daily_freezes: 0.17,
    curves: 0.08,
    events: 0.04,
    denials: 0.01,
}
"""Kinds of exchanges, two frames each, and their shares in the number of exchanges."""
PRESENT_POWER: Final[Shares] = {one_present_power: 1.0}
ONE_CURVE: Final[Shares] = {one_curve: 1.0}


# ------------------------------------------------------------------------------------------------- the stream


class Template(NamedTuple):
    """A frame without region, terminal and checksum."""

    head: bytes
    rest: bytes
    total: int

    @classmethod
    def of(cls, frame: bytes) -> Template:
        return cls(frame[:7], frame[11:-2], frame[6] + sum(frame[11:-2]))

    def under(self, address: bytes) -> bytes:
        return self.head + address + self.rest + ENDS[(self.total + sum(address)) & 255]


ENDS: Final = tuple(bytes((checksum, 0x16)) for checksum in range(256))


class Prepared(NamedTuple):
    """An exchange of a customer, for any of the customer's terminals."""

    templates: tuple[Template, ...]
    addresses: Sequence[tuple[bytes, int]]

    @property
    def size(self) -> int:
        return sum(len(each.head) + 4 + len(each.rest) + 2 for each in self.templates)


class Traffic:
    """Streams of one seed. What one stream has built, the next ones use again."""

    def __init__(self, seed: int = 130) -> None:
        self.seed = seed
        self.customers = [Customer(number, seed) for number in range(CUSTOMERS)]
        self._addresses = [addresses_of(number) for number in range(CUSTOMERS)]
        self._prepared: dict[tuple[Kind, int, int], Prepared] = {}
        # A builder looks a key up in all catalogue files that are not loaded yet: once loaded, it need not.
        plms.items()

    def buffer(self, size: int, shares: Shares = MIX, noise: float = NOISE) -> bytes:
        """A stream of at most ``size`` bytes that ends with a whole frame, or run of noise."""
        return b"".join(self.pieces(size, shares, noise))

    def pieces(self, size: int, shares: Shares = MIX, noise: float = NOISE) -> Iterator[bytes]:
        """The same in pieces of some megabytes, for streams that need not be in memory."""
        for _when, records in self.batches(size, shares, noise):
            yield b"".join(records)

    def batches(
        self, size: int, shares: Shares = MIX, noise: float = NOISE
    ) -> Iterator[tuple[dt.datetime, list[bytes]]]:
        """The same as records, frames and runs of noise, some thousand at a time, with the time of the first.

        Args:
            size: how many bytes, at most.
            shares: kinds of exchanges and their shares in the number of exchanges.
            noise: share of the bytes that are no frame.
        """
        drawn = random.Random(f"{self.seed} stream {size}")
        # No more than a day has, and not so many that building exchanges takes longer than all that they are used for.
        steps = max(1, min(STEPS, 8 * size // len(shares) >> 20))
        used, owed = 0, 0.0
        for number in range(steps):
            step = number * STEPS // steps
            stop = size * (number + 1) // steps
            exchanges = self.exchanges(step, shares)
            mean = sum(each.size * chance for each, chance in exchanges)
            runs = [run_of_noise(drawn, exchanges) for _ in range(256)]
            while used < stop:
                count = min(BATCH, int((stop - used) / mean) + 1)
                records, owed = draw(drawn, exchanges, count, runs, noise / (1 - noise), owed)
                used += sum(map(len, records))
                while used > size:
                    used -= len(records.pop())
                    stop = 0
                yield moment(step), records

    def exchanges(self, step: int, shares: Shares) -> list[tuple[Prepared, float]]:
        """All exchanges of a time of day, with the chance of each."""
        chosen = []
        for kind, share in shares.items():
            found = [each for number in range(CUSTOMERS) if (each := self._exchange(kind, number, step)).templates]
            chosen += [(each, share / len(found)) for each in found]
        return chosen

    def _exchange(self, kind: Kind, number: int, step: int) -> Prepared:
        """The exchange of a kind that a customer has at a time of day; without frames if it has none."""
        prepared = self._prepared.get((kind, number, step))
        if prepared is None:
            # A generator of its own, so that an exchange does not depend on what was built before.
            drawn = random.Random(f"{self.seed} {kind.__name__} {number} {step}")
            when = moment(step) + dt.timedelta(minutes=drawn.randrange(24 * 60 // STEPS))
            messages = kind(Moment(self.customers[number], when, step, drawn))
            templates = tuple(Template.of(bytes(each)) for each in messages)
            prepared = self._prepared[kind, number, step] = Prepared(templates, self._addresses[number])
        return prepared


def moment(step: int) -> dt.datetime:
    return MIDNIGHT + dt.timedelta(minutes=24 * 60 // STEPS * step)


def addresses_of(number: int) -> list[tuple[bytes, int]]:
    """A1 and A2 of a customer's terminals, each with the sum of its bytes."""
    a_region = TERMINALS // len(REGIONS)
    found = []
    for terminal in range(number, TERMINALS, CUSTOMERS):
        region, place = divmod(terminal, a_region)
        address = bytes.fromhex(REGIONS[region])[::-1] + (place + 1).to_bytes(2, "little")
        found.append((address, sum(address)))
    return found


def draw(
    drawn: random.Random,
    exchanges: list[tuple[Prepared, float]],
    count: int,
    runs: list[bytes],
    noise: float,
    owed: float,
) -> tuple[list[bytes], float]:
    """Frames of so many exchanges, and between exchanges runs of noise.

    Args:
        drawn: where chance comes from.
        exchanges: which there are, and how probable each is.
        count: how many of them.
        runs: noise to choose from.
        noise: bytes of noise for each byte of the frames.
        owed: bytes of noise that are due from before; what is due in the end is returned.
    """
    sums = list(accumulate(chance for _, chance in exchanges))
    picked = drawn.choices([each for each, _ in exchanges], cum_weights=sums, k=count)
    terminals = drawn.choices(range(TERMINALS // CUSTOMERS), k=count)
    records: list[bytes] = []
    run = drawn.choice(runs)
    for (templates, addresses), terminal in zip(picked, terminals, strict=True):
        if owed > len(run):
            records.append(run)
            owed -= len(run)
            run = drawn.choice(runs)
        address, address_total = addresses[terminal]
        for head, rest, total in templates:
            frame = b"%b%b%b%b" % (head, address, rest, ENDS[(total + address_total) & 255])
            records.append(frame)
            owed += noise * len(frame)
    return records, owed


def run_of_noise(drawn: random.Random, exchanges: list[tuple[Prepared, float]]) -> bytes:
    """What lies between the frames of a line: one of the kinds that real captures hold."""
    templates, addresses = drawn.choice(exchanges)[0]
    frame = templates[-1].under(drawn.choice(addresses)[0])
    match drawn.randrange(8):
        case 0 | 1:
            return b"\xfe" * drawn.randrange(1, 5)
        case 2 | 3:
            return drawn.choice((b"\r\nOK\r\n", b"AT+CSQ\r\n", b"+CSQ: 21,0\r\n", b"\r\nNO CARRIER\r\n", b"+++"))
        case 4 | 5:
            return drawn.randbytes(drawn.randrange(1, 60))
        case 6:
            return frame[: drawn.randrange(1, len(frame))]
        case _:
            damaged = bytearray(frame)
            damaged[drawn.randrange(6, len(frame) - 1)] ^= 1 << drawn.randrange(8)
            return bytes(damaged)


# ------------------------------------------------------------------------------------------------- hostile bytes


def hostile_streams(size: int, traffic: Traffic) -> dict[str, bytes]:
    """Bytes that are made, or happen, to keep a decoder busy with nothing to show for it."""
    drawn = random.Random(f"{traffic.seed} hostile")
    return {
        **forged_streams(size),
        "valid frames, unknown items": repeated([unknown_item(drawn) for _ in range(2000)], size),
        "valid frames, garbage values": repeated(garbage_values(drawn, traffic), size),
        "pure noise, random": drawn.randbytes(size),
        "pure noise, nothing but 68H": b"\x68" * size,
    }


def forged_streams(size: int) -> dict[str, bytes]:
    """Streams of nothing but heads."""
    # 68 LL LH LL LH over and over is a head in every fifth byte, as dense as they get. L1 + 8 = 5k + 1 bytes end on a
    # start byte. With LH = 16H and L1 + 8 = 5k + 3 they end on LH, but then L1 is below 1472.
    wrong_end = b"\x68" + length_word(16368) * 2
    dense = b"\x68" + length_word(1470) * 2
    assert dense[2] == 0x16
    # Larger overlaps need room for the end bytes: frames of 32k + 26 bytes.
    long = b"\x68" + length_word(16370) * 2 + b"\x68" + b"\x16" * 26
    return {
        "forged, wrong end, dense": repeated([wrong_end], size),
        "forged, wrong checksum, dense": repeated([dense], size),
        "forged, wrong checksum, long": repeated([long], size),
    }


def length_word(length: int) -> bytes:
    return (length * 4 + TAG_376).to_bytes(2, "little")


def repeated(parts: list[bytes], size: int) -> bytes:
    whole = b"".join(parts)
    return (whole * (size // len(whole) + 1))[:size]


def unknown_item(drawn: random.Random) -> bytes:
    """A frame whose item no catalogue has, such as a vendor's own, with as many bytes as the common ones."""
    afn = drawn.choice((0x0C, 0x0D, 0x0E, 0x77))
    return up_frame(drawn, bytes((afn, 0x60)) + b"\x01\x01\x02\x7d" + drawn.randbytes(drawn.randrange(4, 200)))


def garbage_values(drawn: random.Random, traffic: Traffic) -> list[bytes]:
    """Frames of known items whose bodies, counts and marks included, are random bytes."""
    frames = []
    for kind in (one_present_power, one_curve, events):
        for prepared, _ in traffic.exchanges(0, {kind: 1.0}):
            rest = max((each.rest for each in prepared.templates), key=len)
            frames.append(up_frame(drawn, rest[1:7] + drawn.randbytes(len(rest) - 7)))
    return frames


UNITS_OF_A_REQUEST: Final = 16_384
"""Data units of one frame of ``requests_for_many``."""


def requests_for_many(size: int) -> bytes:
    """Requests whose every four bytes ask for eight items of eight points: few bytes that mean many data units."""
    rest = b"\x0c\x60" + b"\xff\x01\xff\x03" * (UNITS_OF_A_REQUEST // 64)
    return repeated([bytes(plms.Frame(plms.Control(0x4B), plms.Address(REGIONS[0], 1, 1), rest))], size)


def up_frame(drawn: random.Random, user_data: bytes) -> bytes:
    address = plms.Address(REGIONS[0], drawn.randrange(1, 4001), 1)
    return bytes(plms.Frame(plms.Control(0x88), address, user_data))


# ------------------------------------------------------------------------------------------------- files


def write(out: BinaryIO, size: int, log: bool = False, seed: int = 130) -> int:
    """Writes a stream piece by piece; returns how many bytes.

    Args:
        out: where to.
        size: bytes of the stream at most; as a log it takes some three and a half times as many.
        log: as the text of a head-end's log instead of the bytes themselves.
        seed: of the generator.
    """
    written = 0
    if log:
        for text in log_lines(Traffic(seed), size):
            written += out.write(text)
    else:
        for piece in Traffic(seed).pieces(size):
            written += out.write(piece)
    return written


def log_lines(traffic: Traffic, size: int) -> Iterator[bytes]:
    """The stream as a log: a line for each frame or run of noise, with time, peer and direction."""
    peer, clock = "10.1.0.1:20005", MIDNIGHT
    for when, records in traffic.batches(size):
        clock = max(clock, when)
        lines = []
        for record in records:
            down = record[0] == 0x68 and len(record) > 10 and not record[6] & 0x80
            if len(record) > 10 and record[0] == 0x68:
                peer = f"10.{record[7] & 15}.{record[10]}.{record[9]}:{1024 + 7 * record[9]}"
            stamp = clock.isoformat(" ", "milliseconds")
            lines.append(f"{stamp} {peer} {'TX' if down else 'RX'} {record.hex(' ').upper()}\n")
            clock += A_RECORD
        yield "".join(lines).encode("ascii")


A_RECORD: Final = dt.timedelta(microseconds=700)
"""Time from one line of a log to the next."""


def size_of(text: str) -> int:
    """The number of bytes that ``10MB`` or ``2GB`` means."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMG]?)B?", text, re.IGNORECASE)
    if not found:
        raise argparse.ArgumentTypeError(f"no size: {text!r}, such as 500kB, 10MB or 2GB expected")
    return int(float(found[1]) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[found[2].lower()])


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes generated traffic of a head-end to a file.")
    parser.add_argument("--size", type=size_of, required=True, help="bytes of the stream, such as 10MB or 2GB")
    parser.add_argument("--out", type=Path, required=True, help="the file")
    parser.add_argument("--format", choices=("binary", "hexlog"), default="binary", help="the bytes, or a log of them")
    parser.add_argument("--gzip", action="store_true", help="compress the file")
    parser.add_argument("--seed", type=int, default=130, help="the same seed gives the same bytes")
    given = parser.parse_args()
    # Without its name and time in the head, equal streams are equal files.
    with given.out.open("wb") as file:
        if given.gzip:
            with gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as packed:
                written = write(packed, given.size, given.format == "hexlog", given.seed)  # type: ignore[arg-type]  # it can write
        else:
            written = write(file, given.size, given.format == "hexlog", given.seed)
    print(f"{written} bytes of {given.format} in {given.out}")


if __name__ == "__main__":
    main()
