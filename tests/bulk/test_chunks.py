"""However the input is cut, and however many threads work, the result is the same: buffers, streams, chunks.

Where a search begins and ends is told here once more, literally; nothing is left out between frames and noise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from budgets import examples
from bulk_helpers import Expected, all_frames, all_rows, changed_frames, check, same
from hypothesis import given
from hypothesis import strategies as st
from implementations import FAST, PURE, Implementation, needs_fast
from made_frames import a_frame
from traffic import UNITS_OF_A_REQUEST, requests_for_many

import plmsproto as plms
from plmsproto import Catalogue
from plmsproto.bulk import chunks, rows
from plmsproto.link import FrameIndex

POWER = bytes(plms.examples("present_power", "up", edition="1376")[0])
CLOCK = bytes(plms.examples("terminal_clock", "up", edition="376")[0])


def head(length: int, tag: int = 2) -> bytes:
    word = (length << 2 | tag).to_bytes(2, "little")
    return b"\x68" + word + word + b"\x68"


def carrying(content: bytes) -> bytes:
    """A frame of an AFN that may carry anything."""
    return a_frame(b"\x10\x60\x00\x00\x01\x00\x1f" + len(content).to_bytes(2, "little") + content)


def tricky_stream(seed: int = 1, size: int = 60) -> bytes:
    """Frames, frames inside frames, heads that promise more than comes, wake-up bytes, cut frames."""
    drawn = random.Random(seed)
    pieces = []
    for _ in range(size):
        frame = drawn.choice(all_frames())
        match drawn.randrange(9):
            case 0:
                pieces.append(carrying(frame + drawn.choice(all_frames())))
            case 1:
                pieces.append(carrying(head(drawn.randrange(9, 3000)) + POWER))
            case 2:
                pieces.append(head(drawn.randrange(9, 400)))
            case 3:
                pieces.append(b"\xfe" * drawn.randrange(1, 5))
            case 4:
                pieces.append(frame[: drawn.randrange(1, len(frame))])
            case 5:
                pieces.append(drawn.randbytes(drawn.randrange(40)))
            case _:
                pieces.append(frame)
    return b"".join(pieces)


# ---- threads and cuts


@pytest.mark.parametrize("seed", range(3))
def test_threads_and_cuts_make_no_difference(
    implementation: Implementation, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    stream = tricky_stream(seed)
    whole = plms.bulk.decode(stream)
    assert whole.frames > 20
    assert whole.noise_bytes > 20
    for chunk, window in ((1, 1), (7, 3), (64, 64), (500, 100), (4096, 512)):
        monkeypatch.setattr(chunks, "CHUNK", chunk)
        monkeypatch.setattr(chunks, "WINDOW", window)
        for threads in (1, 2, 3, 4) if chunk > 7 else (1, 2):
            found = plms.bulk.decode(stream, threads=threads)
            assert {**all_rows(found), "noise": None} == {**all_rows(whole), "noise": None}
            # A run of noise that a chunk ends in comes in two rows.
            assert joined_noise(found) == joined_noise(whole)
            assert found.index == whole.index == plms.bulk.scan(stream, threads=threads)
            assert (found.frames, found.noise_bytes) == (whole.frames, whole.noise_bytes)


def joined_noise(tables: Any) -> list[tuple[int, bytes]]:
    joined: list[tuple[int, bytes]] = []
    for row in tables.noise.to_pylist():
        assert len(row["raw"]) == row["length"]
        if joined and joined[-1][0] + len(joined[-1][1]) == row["offset"]:
            joined[-1] = joined[-1][0], joined[-1][1] + row["raw"]
        else:
            joined.append((row["offset"], row["raw"]))
    return joined


def test_a_cut_at_every_byte(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames inside a frame, and a head inside one that promises more than there is."""
    inner = carrying(POWER + CLOCK) + b"\xfe" + carrying(head(200) + CLOCK) + POWER
    whole = plms.bulk.decode(inner)
    assert whole.frames == 3
    monkeypatch.setattr(chunks, "WINDOW", 1)
    for chunk in range(1, len(inner) + 1):
        monkeypatch.setattr(chunks, "CHUNK", chunk)
        for threads in (1, 2):
            found = plms.bulk.decode(inner, threads=threads)
            assert found.index == whole.index
            assert all_rows(found) == all_rows(whole)


@examples(40)
@given(st.lists(changed_frames() | st.binary(max_size=30), max_size=8), st.integers(1, 300), st.integers(1, 4))
def test_any_input_cut_anywhere(implementation: Implementation, pieces: list[bytes], chunk: int, threads: int) -> None:
    stream = b"".join(pieces)
    whole = plms.bulk.decode(stream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", chunk)
        patch.setattr(chunks, "WINDOW", 1 + chunk // 2)
        found = plms.bulk.decode(stream, threads=threads)
    assert found.index == whole.index
    assert joined_noise(found) == joined_noise(whole)
    assert {**all_rows(found), "noise": None} == {**all_rows(whole), "noise": None}
    check_accounts(whole, stream)


def check_accounts(tables: Any, stream: bytes) -> None:
    """Every byte is in a frame or in noise, once."""
    spans = [(each.offset, stream[each.span]) for each in tables.index]
    spans += [(row["offset"], row["raw"]) for row in tables.noise.to_pylist()]
    spans.sort()
    assert b"".join(raw for _, raw in spans) == stream
    assert all(start + len(raw) == following for (start, raw), (following, _) in pairwise(spans))
    assert tables.noise_bytes == sum(row["length"] for row in tables.noise.to_pylist())
    assert tables.consumed == len(stream)


def test_threads_and_entries(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [*all_frames()[::40], b"", POWER + b"\xfe" + CLOCK, b"\x01\x02", b"", POWER[:20]]
    whole = plms.bulk.decode(entries)
    for chunk in (1, 300, 5000):
        monkeypatch.setattr(chunks, "CHUNK", chunk)
        monkeypatch.setattr(chunks, "WINDOW", chunk)
        for threads in (1, 2, 4):
            same(plms.bulk.decode(entries, threads=threads), whole)


def test_values_with_threads(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 2000)
    monkeypatch.setattr(chunks, "WINDOW", 300)
    frames = all_frames()[::7]
    check(plms.bulk.decode(b"".join(frames), threads=4), Expected(frames))


# ---- streams


def feed(stream: bytes, cuts: Sequence[int], **options: Any) -> tuple[list[Any], int]:
    """Shows a stream piece by piece, what was not consumed together with the next piece; the last one is final."""
    found = []
    consumed = number = 0
    for stop in [*cuts, len(stream)]:
        final = stop == len(stream)
        tables = plms.bulk.decode(stream[consumed:stop], final=final, offset=consumed, number=number, **options)
        assert tables.consumed <= stop - consumed
        if not final:
            # No frame is longer than the longest; a head that is not whole is shorter.
            assert stop - consumed - tables.consumed < 16383 + 8
        found.append(tables)
        consumed += tables.consumed
        number += tables.frames
        if final:
            break
    return found, consumed


def all_together(found: list[Any]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for tables in found:
        for name, each in all_rows(tables).items():
            rows.setdefault(name, []).extend(each)
    del rows["noise"]
    return rows


def all_noise(found: list[Any]) -> list[tuple[int, bytes]]:
    joined: list[tuple[int, bytes]] = []
    for offset, raw in (each for tables in found for each in joined_noise(tables)):
        if joined and joined[-1][0] + len(joined[-1][1]) == offset:
            joined[-1] = joined[-1][0], joined[-1][1] + raw
        else:
            joined.append((offset, raw))
    return joined


def check_stream(stream: bytes, cuts: Sequence[int], **options: Any) -> None:
    whole = plms.bulk.decode(stream)
    found, consumed = feed(stream, cuts, **options)
    assert consumed == len(stream)
    wanted = all_rows(whole)
    del wanted["noise"]
    assert {name: rows for name, rows in all_together(found).items() if rows or name in wanted} == wanted
    assert all_noise(found) == joined_noise(whole)


def test_a_stream_in_two_pieces_cut_anywhere(implementation: Implementation) -> None:
    stream = b"\xfe" + carrying(POWER) + b"\x68\x68" + CLOCK + head(60)
    for cut in range(len(stream) + 1):
        check_stream(stream, [cut])


@pytest.mark.parametrize("step", [13, 100, 1000])
def test_a_stream_in_pieces(implementation: Implementation, step: int) -> None:
    stream = tricky_stream(step, 25)
    check_stream(stream, range(0, len(stream), step))


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_stream_in_pieces_with_threads_and_chunks(
    implementation: Implementation, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(chunks, "CHUNK", 60)
    monkeypatch.setattr(chunks, "WINDOW", 20)
    # A head inside a frame promises what never comes: whoever begins the search behind the frame's own must not wait.
    content = carrying(head(16000) + POWER + CLOCK) * 3
    stream = content + tricky_stream(5, 20) + content
    check_stream(stream, range(200, len(stream), 333), threads=threads)


@examples(40)
@given(st.lists(changed_frames() | st.binary(max_size=30), max_size=6), st.data())
def test_any_stream_cut_anywhere(implementation: Implementation, pieces: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    check_stream(stream, cuts)


def test_what_must_be_shown_again(implementation: Implementation) -> None:
    tables = plms.bulk.decode(POWER + CLOCK[:-1], final=False)
    assert (tables.frames, tables.consumed) == (1, len(POWER))
    assert len(tables.noise) == 0
    tables = plms.bulk.decode(POWER + b"\xfe\xfe", final=False)
    assert (tables.frames, tables.consumed, tables.noise_bytes) == (1, len(POWER) + 2, 2)
    assert plms.bulk.decode(b"", final=False).consumed == 0


# ---- scan


def literal_scan(data: bytes, start: int, stop: int, limit: int, *, final: bool = True) -> tuple[list[Any], int]:
    """The definition of a search: frames that begin before ``stop`` and end before ``limit``, and where it ended."""
    found = []
    position = start
    for at in range(start, stop):
        if at < position or data[at] != 0x68:
            continue
        rest = data[at:limit]
        if len(rest) < 6:
            if not final:  # any of the last five bytes may open a head
                return found, at
            continue
        if rest[5] != 0x68 or rest[1:3] != rest[3:5]:
            continue
        length, tag = divmod(int.from_bytes(rest[1:3], "little"), 4)
        if tag not in (1, 2) or length < 8:
            continue
        if length + 8 > len(rest):
            if not final:
                return found, at
            continue
        frame = rest[: length + 8]
        if frame[-1] == 0x16 and sum(frame[6:-2]) % 256 == frame[-2]:
            found.append((at, len(frame)))
            position = at + len(frame)
    return found, max(position, stop)


STREAMS = st.lists(
    st.binary(max_size=12)
    | st.sampled_from([POWER, CLOCK, carrying(CLOCK), POWER[:30], head(20), head(9000), b"\x68" * 7, b"\xfe\xfe"]),
    max_size=6,
).map(b"".join)


@examples(100)
@given(STREAMS, st.data())
def test_a_search_begins_and_ends_where_it_is_told_to(
    implementation: Implementation, stream: bytes, data: st.DataObject
) -> None:
    start, stop = sorted(data.draw(st.tuples(st.integers(0, len(stream)), st.integers(0, len(stream)))))
    final = data.draw(st.booleans())
    index = implementation.scan(stream, start=start, stop=stop, final=final)
    frames, end = literal_scan(stream, start, stop, len(stream), final=final)
    assert [(each.offset, each.length) for each in index] == frames
    assert index.end == end
    assert index.entry is None


@examples(100)
@given(STREAMS, st.data())
def test_no_frame_crosses_a_bound(implementation: Implementation, stream: bytes, data: st.DataObject) -> None:
    bounds = sorted(data.draw(st.lists(st.integers(0, len(stream)), min_size=1, max_size=8)))
    first = data.draw(st.integers(0, 1000))
    index = implementation.scan(stream, bounds=bounds, first_entry=first)
    wanted = [
        (at, size, number)
        for number, (one, other) in enumerate(pairwise(bounds), first)
        for at, size in literal_scan(stream, one, other, other)[0]
    ]
    assert index.entry is not None
    assert list(zip(index.offset, index.length, index.entry, strict=True)) == wanted
    assert index.end == bounds[-1]


@examples(60)
@given(STREAMS, st.data())
def test_gaps_are_what_is_in_no_frame(implementation: Implementation, stream: bytes, data: st.DataObject) -> None:
    bounds = sorted(data.draw(st.lists(st.integers(0, len(stream)), min_size=1, max_size=6)))
    index = implementation.scan(stream, bounds=bounds)
    offsets, lengths, entries = implementation.link["gaps"](index, bounds)
    counted = [0] * len(stream)
    for at, size in [*zip(index.offset, index.length, strict=True), *zip(offsets, lengths, strict=True)]:
        for place in range(at, at + size):
            counted[place] += 1
    assert counted == [int(bounds[0] <= place < bounds[-1]) for place in range(len(stream))]
    for at, size, entry in zip(offsets, lengths, entries, strict=True):
        assert bounds[entry] <= at < at + size <= bounds[entry + 1]
    assert list(zip(offsets, entries, strict=True)) == sorted(zip(offsets, entries, strict=True))


@needs_fast
@examples(100)
@given(STREAMS, st.data())
def test_both_implementations_search_alike(stream: bytes, data: st.DataObject) -> None:
    start, stop = sorted(data.draw(st.tuples(st.integers(0, len(stream)), st.integers(0, len(stream)))))
    options: dict[str, Any] = {
        "start": start,
        "stop": stop,
        "final": data.draw(st.booleans()),
        "address_size": data.draw(st.sampled_from([5, 7])),
        "max_length": data.draw(st.sampled_from([16383, 40])),
    }
    assert PURE.scan(stream, **options) == FAST.scan(stream, **options)


@pytest.mark.parametrize(
    "options",
    [{"start": -1}, {"start": 3, "stop": 2}, {"stop": 11}, {"bounds": []}, {"bounds": [3, 2]}, {"bounds": [11]}],
)
def test_bounds_of_a_search_that_are_invalid(implementation: Implementation, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="from 0 to 10"):
        implementation.scan(bytes(10), **options)


def test_scan_with_threads(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = tricky_stream(9)
    whole = plms.bulk.scan(stream)
    monkeypatch.setattr(chunks, "CHUNK", 50)
    monkeypatch.setattr(chunks, "WINDOW", 50)
    for threads in (1, 2, 3, 4):
        assert plms.bulk.scan(stream, threads=threads) == whole
    assert plms.bulk.scan(b"", threads=3) == FrameIndex.empty()


# ---- many units in few bytes


def test_many_units_in_few_bytes(implementation: Implementation, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is taken before it gets too much, and put together again."""
    size = 90_000
    if implementation is PURE:
        monkeypatch.setattr(rows, "MOST_ROWS", 500)
        size = 3000
    content = requests_for_many(size)
    tables = plms.bulk.decode(content)
    assert tables.frames == len(plms.bulk.scan(content)) == size // 1040
    assert sum(map(len, tables.values())) == tables.frames * UNITS_OF_A_REQUEST
    assert len(tables.undecoded) == 0
    for table in tables.values():
        assert len(table.parts) > 1
        numbers = table.to_arrow()["frame"].to_pylist()
        each = UNITS_OF_A_REQUEST // len(tables)
        assert numbers == [frame for frame in range(tables.frames) for _ in range(each)]


def test_harvests_that_are_taken_early_are_the_same(
    implementation: Implementation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever an interpreter stops, the numbers of frames go on."""
    frames = all_frames()[::20]
    whole = plms.bulk.decode(b"".join(frames))

    class Hasty:
        def __init__(self, plan: Any, *, address_size: int) -> None:
            self.inner = implementation.interpreter(plan, address_size=address_size)

        def run(self, view: Any, offsets: Any, lengths: Any, first: int, last: int) -> int:
            return int(self.inner.run(view, offsets, lengths, first, min(first + 7, last)))

        def take(self) -> Any:
            return self.inner.take()

    monkeypatch.setattr(chunks, "Interpreter", Hasty)
    for threads in (1, 2):
        found = plms.bulk.decode(b"".join(frames), threads=threads)
        assert {len(table.parts) for table in found.values()} != {1}
        same(found, whole)


# ---- threads of the caller


def test_threads_share_a_catalogue(implementation: Implementation) -> None:
    """First use included: eight threads begin at once with a catalogue of which nothing is loaded."""
    frames = all_frames()[::11]
    wanted = all_rows(plms.bulk.decode(b"".join(frames)))
    catalogue = Catalogue()

    def work(number: int) -> Any:
        chosen = b"".join(frames)
        select = ["present_power", "terminal_clock"] if number % 3 == 2 else None
        return number, all_rows(plms.bulk.decode(chosen, catalogue=catalogue, select=select, threads=1 + number % 2))

    with ThreadPoolExecutor(8) as pool:
        for number, rows in pool.map(work, range(8)):
            if number % 3 == 2:
                assert rows["item present_power"] == wanted["item present_power"]
            else:
                assert rows == wanted


def test_a_catalogue_is_extended_while_others_read_by_it(implementation: Implementation) -> None:
    catalogue = Catalogue()
    frames = b"".join(all_frames()[::11])
    wanted = all_rows(plms.bulk.decode(frames))
    text = '[[item]]\nafn = 0x0C\nfn = {}\nkey = "added_{}"\n[[item.layout]]\ndir = "up"\nfields = "x u1"\n'

    def work(_number: int) -> Any:
        return all_rows(plms.bulk.decode(frames, catalogue=catalogue))

    extended = catalogue
    with ThreadPoolExecutor(4) as pool:
        results = pool.map(work, range(12))
        for number in range(1900, 1906):
            extended = extended.extended(text.format(number, number), f"{number}.toml")
            assert all_rows(plms.bulk.decode(frames, catalogue=extended)) == wanted
        for rows in results:
            assert rows == wanted
    assert extended.item(0x0C, 1900).key == "added_1900"
    assert catalogue.find_item(0x0C, 1900) is None


def test_the_order_of_tables_is_that_of_their_numbers_and_keys(implementation: Implementation) -> None:
    frames = all_frames()
    orders = []
    for each in (frames, frames[::-1]):
        catalogue = Catalogue()  # a new one each time, and so a new plan
        tables = plms.bulk.decode(b"".join(each), catalogue=catalogue)
        orders.append((list(tables), list(tables.events)))
        places = [(catalogue.item_by_key(key).afn, catalogue.item_by_key(key).fn, key) for key in tables]
        assert places == sorted(places)
    assert orders[0] == orders[1]


@needs_fast
def test_memory_that_is_used_again_is_none_of_a_table_that_is_kept() -> None:
    """Tables share memory, and what nobody needs is written to again: by the next chunk, and by the next call."""
    with FAST.in_use():
        content = b"".join(all_frames())
        wanted = {key: table.to_pylist() for key, table in plms.bulk.decode(content).items()}
        for key in list(wanted)[::20]:
            kept = plms.bulk.decode(content)[key]
            # The same plan with other values in the same columns.
            plms.bulk.decode(b"".join(all_frames()[::-1]))
            plms.bulk.decode(content, threads=2)
            assert kept.to_pylist() == wanted[key]
