"""What a conversion was asked to do, how far it has come, and what came of it: all that a later run must know.

Where it is kept is the business of the stores (``parts``, ``database``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from .logs import LogPlace
from .reading import Position
from .stamps import Heading

_VERSION: Final = 1


@dataclass(slots=True)
class Counts:
    """What was found so far.

    Attributes:
        size: uncompressed bytes of input.
        frames: frames.
        rows: rows of each table, by its name.
        noise_bytes: bytes that are no frame.
        wake_up_runs: runs of such bytes that only wake serial lines up.
        wake_up_bytes: their bytes.
        errors: what was wrong with inputs, each with its name.
        seconds: time that it took.
    """

    size: int = 0
    frames: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    noise_bytes: int = 0
    wake_up_runs: int = 0
    wake_up_bytes: int = 0
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def wrong(self) -> int:
        """How many things were wrong: runs of noise other than wake-up bytes, undecoded stretches, damaged files."""
        noise = self.rows.get("noise", 0) - self.wake_up_runs
        return noise + self.rows.get("undecoded", 0) + len(self.errors)


@dataclass(slots=True)
class Journal:
    """The state of a conversion.

    Attributes:
        order: what was asked for: options and inputs. Only the same order can be resumed.
        position: all before has been converted.
        counts: what was found before.
        parts: for each table the number of its part files, in stores that have such.
        done: there is nothing left to do.
    """

    order: dict[str, Any]
    position: Position = field(default_factory=Position)
    counts: Counts = field(default_factory=Counts)
    parts: dict[str, int] = field(default_factory=dict)
    done: bool = False

    def text(self) -> str:
        """The journal as JSON."""
        place = self.position.place
        state = {
            "version": _VERSION,
            "done": self.done,
            "position": {
                "file": self.position.file,
                "frames": self.position.frames,
                "offset": place.offset,
                "skip": place.skip,
                "heading": list(place.heading),
                "goes_on": place.goes_on,
            },
            "counts": {name: getattr(self.counts, name) for name in Counts.__slots__},
            "parts": self.parts,
            "order": self.order,
        }
        return json.dumps(state, indent=1) + "\n"

    @classmethod
    def read(cls, text: str) -> Journal:
        """The journal of a text.

        Raises:
            ValueError: it is none, or of another version.
        """
        state = json.loads(text)
        try:
            if state["version"] != _VERSION:
                raise ValueError(f"version {state['version']}")
            position = state["position"]
            heading = Heading(*position["heading"])
            place = LogPlace(position["offset"], position["skip"], heading, position["goes_on"])
            return cls(
                order=state["order"],
                position=Position(position["file"], place, position["frames"]),
                counts=Counts(**state["counts"]),
                parts=state["parts"],
                done=state["done"],
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no journal: {error!r}") from None
