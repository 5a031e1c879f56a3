"""Writes the conformance vectors in ``vectors/``, or checks that they are what the catalogue and the real frames give.

``vectors/README.md`` says what a vector is and how firmware tests itself against them. Run it after a change of the
catalogue::

    python tools/make_vectors.py            # writes them
    python tools/make_vectors.py --check    # exit status 1 if a file differs

Nothing but the library's catalogue and the real frames of the tests goes in, and nothing is random: the same sources
give the same files. What test values look like is the library's business (``plmsproto.examples``).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import simplejson

import plmsproto as plms
from plmsproto import Direction, Message

ROOT: Final = Path(__file__).resolve().parent.parent
VECTORS: Final = ROOT / "vectors"
REAL_FRAMES: Final = ROOT / "tests" / "data" / "frames.jsonl"


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the files; returns the exit status."""
    parser = argparse.ArgumentParser(description="Writes the conformance vectors, or checks them.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a file is out of date")
    options = parser.parse_args(arguments)
    wanted = dict(files())
    stale = {path for path in VECTORS.glob("*.jsonl") if path.name not in wanted}
    changed = [name for name, text in wanted.items() if not _holds(VECTORS / name, text)]
    if options.check:
        for name in sorted(changed + [path.name for path in stale]):
            print(f"vectors/{name} is out of date: run python tools/make_vectors.py")
        return 1 if changed or stale else 0
    VECTORS.mkdir(exist_ok=True)
    for name in changed:
        (VECTORS / name).write_text(wanted[name], encoding="utf-8", newline="\n")
    for path in stale:
        path.unlink()
    vectors = sum(text.count("\n") for text in wanted.values())
    print(f"{vectors} vectors in {len(wanted)} files, {len(changed)} of them changed")
    return 0


def _holds(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def files() -> Iterator[tuple[str, str]]:
    """The name and text of each file."""
    for info in plms.default_catalogue().afns():
        yield f"afn{info.code:02x}_{info.key}.jsonl", _lines(generated(info.code))
    yield "real_frames.jsonl", _lines(real())


def _lines(vectors: Iterator[dict[str, Any]]) -> str:
    return "".join(
        simplejson.dumps(vector, use_decimal=True, ensure_ascii=False, separators=(", ", ": ")) + "\n"
        for vector in vectors
    )


def generated(afn: int) -> Iterator[dict[str, Any]]:
    """Vectors with test values: every item of an AFN, in every edition and direction."""
    catalogue = plms.default_catalogue()
    info = catalogue.afn(afn)
    assert info is not None
    for item in catalogue.items(afn):
        for edition in item.editions:
            for direction in Direction:
                if not getattr(info, direction.value):
                    continue
                messages = plms.examples(item.key, direction, edition=edition, afn=afn)
                for number, message in enumerate(messages, 1):
                    name = f"{edition}-{afn:02X}-{direction}-F{item.fn}-{number}"
                    yield _vector(name, "generated", message)


def real() -> Iterator[dict[str, Any]]:
    """Frames from the field that decode whole, with what confirms their meaning."""
    for line in REAL_FRAMES.read_text(encoding="utf-8").splitlines():
        frame = json.loads(line)
        if not frame["intact"]:
            continue
        message = plms.decode(frame["hex"], strict=False)
        if not message.errors:
            yield _vector(frame["id"], "real", message, confirmed_by=confirmation(frame), remark=frame["meaning"])


def confirmation(frame: Mapping[str, Any]) -> str:
    """How sure the meaning of a real frame is."""
    if "stated" in frame:
        return "values that its source states"
    if "reading" in frame:
        return "values read off the bytes"
    return "lengths and checksum: the frame fits its layouts to the last byte"


def _vector(name: str, origin: str, message: Message, **remarks: str) -> dict[str, Any]:
    plain = plms.to_dict(message)
    vector = {
        "id": name,
        "origin": origin,
        "edition": plain["edition"],
        "direction": plain["direction"],
        "afn": plain["afn"],
        "hex": bytes(message).hex().upper(),
        "address": plain["address"],
        "control": plain["control"],
        "seq": plain["seq"],
        "units": [_unit(unit) for unit in plain["units"]],
    }
    for optional in ("aux", "deviations"):
        if plain.get(optional):
            vector[optional] = plain[optional]
    return vector | remarks


def _unit(unit: Mapping[str, Any]) -> dict[str, Any]:
    return {"fn": unit["fn"], "pn": unit["pn"], "key": unit["key"], "values": unit["value"]}


if __name__ == "__main__":
    sys.exit(main())
