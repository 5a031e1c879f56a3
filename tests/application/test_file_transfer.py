"""Files in segments, both sides: exact bytes, any order and any loss, and what hostile or confused peers send."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import plmsproto as plms
from plmsproto import EncodeError, FileReceiver, FileSender, FileStep, Message, PlmsError
from plmsproto.application.file_transfer import BLOCK, MAX_SEGMENT_SIZE, MAX_SEGMENTS
from plmsproto.errors import BadStructureError, BadValueError

TERMINAL = plms.Address("4401", 2, master=1)
GROUP = plms.Address("4401", 7, master=1, group=True)
PROGRAM = bytes(range(10))


def sender(content: bytes = PROGRAM, segment_size: int = 4, **options: Any) -> FileSender:
    return FileSender(
        content, **{"file_id": "terminal_program", "address": TERMINAL, "segment_size": segment_size, **options}
    )


def sent(message: Message) -> Message:
    """The message as it arrives."""
    return plms.decode(bytes(message))


def segment(**parts: Any) -> Message:
    """A segment as it arrives, altered."""
    value = {
        "file_id": 1,
        "segment_position": 0,
        "transfer_command": 0,
        "segment_count": 3,
        "segment_number": 0,
        "content": b"\x00\x01\x02\x03",
    }
    return sent(plms.command("file_transfer_mode_1", {**value, **parts}, address=TERMINAL))


def reported(*reports: dict[str, Any]) -> Message:
    """What a terminal says is missing, as it arrives."""
    question = sent(plms.request("missing_file_segment", address=TERMINAL))
    return sent(plms.respond(question, [plms.unit("missing_file_segment", report) for report in reports]))


# ------------------------------------------------------------------------------------------------- the master's side


def test_a_file_is_cut_into_segments_byte_by_byte() -> None:
    # After AFN, SEQ, DA, DT: file 1, position, command 0, count (2), number (4), length (2), content; then PW.
    bodies = [bytes(message)[12:-18].hex(" ").upper() for message in sender(number=14)]
    assert bodies == [
        "0F 7E 00 00 01 00 01 00 00 03 00 00 00 00 00 04 00 00 01 02 03",
        "0F 7F 00 00 01 00 01 00 00 03 00 01 00 00 00 04 00 04 05 06 07",
        "0F 70 00 00 01 00 01 01 00 03 00 02 00 00 00 02 00 08 09",
    ]


@pytest.mark.parametrize("size", [1, 3, 9, 10, 11, MAX_SEGMENT_SIZE])
def test_segments_make_up_the_file(size: int) -> None:
    messages = [sent(message) for message in sender(segment_size=size)]
    values = [message.units[0].value for message in messages]
    assert b"".join(value["content"] for value in values) == PROGRAM
    assert [value["segment_number"] for value in values] == list(range(len(values)))
    assert {value["segment_count"] for value in values} == {len(values)} == {len(sender(segment_size=size))}
    assert [value["segment_position"] for value in values][:-1] == ["first_or_middle_segment"] * (len(values) - 1)
    assert values[-1]["segment_position"] == "last_segment"


def test_the_largest_segment_fits_a_frame() -> None:
    wide = plms.Address("4401", 2, master=1, terminal_size=4)
    tp = plms.Tp(0, plms.DayTime(1, 2, 3, 4))
    message = sender(bytes(MAX_SEGMENT_SIZE), MAX_SEGMENT_SIZE, address=wide).segment(0, tp=tp)
    assert message.frame().length == plms.MAX_NETWORK
    assert bytes(message)


def test_a_segment_carries_password_number_and_time_label() -> None:
    tp = plms.Tp(5, plms.DayTime(1, 2, 3, 4), delay=3)
    message = sent(sender(password=plms.password(0x8408)).segment(1, number=9, tp=tp))
    assert any(message.aux.pw)
    assert (message.seq.number, message.aux.tp) == (9, tp)


def test_nobody_is_asked_to_confirm_what_goes_to_a_group() -> None:
    assert sender().segment(0).seq.con
    assert not sender(address=GROUP).segment(0).seq.con


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: sender(b""),
        lambda: sender(segment_size=0),
        lambda: sender(segment_size=MAX_SEGMENT_SIZE + 1),
        lambda: sender(bytes(MAX_SEGMENTS + 1), 1),
        lambda: sender(file_id=0),
        lambda: sender(file_id="discard_and_restore"),
        lambda: sender(file_id="unknown").segment(0),
        lambda: sender(file_id=256).segment(0),
        lambda: sender().segment(3),
        lambda: sender().segment(-1),
        lambda: plms.download_by_ftp("", file_id=1, address=TERMINAL),
        lambda: plms.download_by_ftp("ftp://服务器/", file_id=1, address=TERMINAL),
        lambda: plms.download_by_ftp("x" * (MAX_SEGMENT_SIZE + 1), file_id=1, address=TERMINAL),
        lambda: FileReceiver().missing_report(64),
    ],
)
def test_what_cannot_be_sent_is_refused(wrong: Any) -> None:
    with pytest.raises(EncodeError):
        wrong()


def test_there_is_no_file_transfer_in_130() -> None:
    with pytest.raises(plms.UnknownItemError):
        sender(edition="130").segment(0)


def test_other_commands_byte_by_byte() -> None:
    cancel = plms.cancel_file_transfer(address=TERMINAL)
    start = plms.start_group_upgrade(file_id="collector_program", address=GROUP, number=3)
    ftp = plms.download_by_ftp("ftp://10.0.0.1:21/a,b/c", file_id="terminal_program", address=TERMINAL)
    assert bytes(cancel)[12:-18] == bytes.fromhex("0F 70 00 00 01 00 00 01 00 00 00 00 00 00 00 00 00")
    assert bytes(start)[12:-18] == bytes.fromhex("0F 63 00 00 01 00 05 01 02 00 00 00 00 00 00 00 00")
    assert bytes(ftp)[12:-18] == (
        bytes.fromhex("0F 70 00 00 01 00 01 01 01 01 00 00 00 00 00 17 00") + b"ftp://10.0.0.1:21/a,b/c"
    )
    for each in (cancel, start, ftp):
        assert sent(each) == each


def test_missing_segments_are_sent_again() -> None:
    file = sender(bytes(BLOCK * 2 + 5), 1)
    again = file.missing(reported({"segment_block": 2, "missing_segment": [0, 4]}))
    assert [message.units[0].value["segment_number"] for message in again] == [2048, 2052]
    assert again == [file.segment(2048), file.segment(2052)]
    assert file.missing(reported({"segment_block": 0, "missing_segment": []})) == []


def test_what_is_missing_beyond_the_end_is_ignored() -> None:
    file = sender()
    assert file.missing(reported({"segment_block": 0, "missing_segment": range(1024)})) == list(file)
    assert file.missing(reported({"segment_block": 0xFFFF, "missing_segment": range(1024)})) == []


@pytest.mark.parametrize("report", [{"segment_block": None, "missing_segment": []}, {"missing_segment": None}])
def test_a_report_without_data_is_no_report(report: dict[str, Any]) -> None:
    with pytest.raises(BadValueError):
        sender().missing(reported({"segment_block": 0, **report}))


def test_a_terminals_answers_are_understood() -> None:
    def answer(number: int) -> Message:
        return sent(plms.respond(segment(), [plms.unit("file_transfer_mode_1", {"segment_number": number})]))

    assert [sender().acknowledged(answer(number)) for number in (0, 2, 0xFFFFFFFF)] == [0, 2, None]
    for number in (3, 0xEEEEEEEE, 0xFFFFFFFE):
        with pytest.raises(BadValueError):
            sender().acknowledged(answer(number))


@pytest.mark.parametrize(
    "message",
    [
        lambda: plms.deny(segment()),
        lambda: plms.confirm(segment()),
        segment,
        lambda: plms.request("missing_file_segment", address=TERMINAL),
        lambda: plms.login(TERMINAL),
    ],
)
def test_what_is_no_answer_is_refused(message: Any) -> None:
    with pytest.raises(BadStructureError):
        sender().acknowledged(sent(message()))
    with pytest.raises(BadStructureError):
        sender().missing(sent(message()))


# ------------------------------------------------------------------------------------------------- the terminal's side


def test_segments_are_put_together_and_answered() -> None:
    receiver, file = FileReceiver(), sender()
    assert (receiver.content, receiver.missing, receiver.complete, receiver.file_id) == (None, [], False, None)
    steps = []
    for message in file:
        steps.append(receiver.feed(sent(message)))
        answer = receiver.answer(sent(message))
        assert answer is not None
        assert file.acknowledged(sent(answer)) == message.units[0].value["segment_number"]
    assert steps == [FileStep.SEGMENT, FileStep.SEGMENT, FileStep.COMPLETE]
    assert (receiver.content, receiver.missing, receiver.complete) == (PROGRAM, [], True)
    assert (receiver.file_id, receiver.segment_count) == ("terminal_program", 3)
    assert receiver.feed(sent(file.segment(1))) is FileStep.REPEATED


def test_an_answer_byte_by_byte() -> None:
    receiver, message = FileReceiver(), sent(sender(number=5).segment(2))
    receiver.feed(message)
    answer = receiver.answer(message, counters=plms.EventCounters(3, 4))
    assert answer is not None
    # L1 = 1 + 5 + 2 + 4 + 4 + 2 = 18; C = up, ACD, function 8; EC at the end.
    # CS: A8 + 01 + 44 + 02 + 00 + 02 + 0F + 67 + 01 + 02 + 03 + 04 = 171
    assert bytes(answer) == bytes.fromhex(
        "68 4A 00 4A 00 68 A8 01 44 02 00 02 0F 67 00 00 01 00 02 00 00 00 03 04 71 16"
    )
    refused = FileReceiver().answer(message)
    assert refused is not None
    assert bytes(refused)[18:22] == b"\xff\xff\xff\xff"
    assert sent(refused) == refused


def test_nobody_answers_for_a_group() -> None:
    receiver, message = FileReceiver(), sent(sender(address=GROUP).segment(0))
    assert receiver.feed(message) is FileStep.SEGMENT
    assert receiver.answer(message) is None


def test_other_commands_are_told_apart() -> None:
    receiver = FileReceiver()
    receiver.feed(segment())
    ftp = sent(plms.download_by_ftp("ftp://10.0.0.1:21/a,b/c", file_id=1, address=TERMINAL))
    start = sent(plms.start_group_upgrade(file_id=1, address=GROUP))
    cancel = sent(plms.cancel_file_transfer(address=TERMINAL))
    assert receiver.feed(ftp) is FileStep.FTP
    assert receiver.ftp_place == "ftp://10.0.0.1:21/a,b/c"
    assert receiver.feed(segment(transfer_command=1, content=b"ftp://10.0.0.2/\0")) is FileStep.FTP
    assert receiver.ftp_place == "ftp://10.0.0.2/"
    assert receiver.feed(start) is FileStep.START_UPGRADE
    assert receiver.missing == [1, 2]
    assert receiver.feed(cancel) is FileStep.CANCELLED
    assert (receiver.missing, receiver.segment_count, receiver.file_id) == ([], 0, None)
    for each in (ftp, cancel):
        answer = receiver.answer(each)
        assert answer is not None
        assert answer.units[0].value == {"segment_number": 0}


@pytest.mark.parametrize(
    "parts",
    [
        {"segment_number": 3},
        {"segment_number": 0xFFFFFFFF},
        {"segment_number": 0xEEEEEEEE},
        {"segment_count": 0},
        {"segment_count": 4, "segment_number": 1},
        {"segment_count": 0xFFFF, "segment_number": 0xFFFE},
        {"file_id": 2, "segment_number": 1},
        {"content": b"other"},
        {"segment_number": 1, "content": b""},
        {"segment_number": 1, "content": bytes(97)},
        {"transfer_command": 3},
        {"file_id": 0xEE, "segment_position": 0xEE, "transfer_command": 0xEE},
        {"transfer_command": 1, "content": b"\xff"},
    ],
)
def test_what_contradicts_is_refused_and_nothing_is_lost(parts: dict[str, Any]) -> None:
    receiver = FileReceiver(max_size=100)
    receiver.feed(segment())
    wrong = segment(**parts)
    with pytest.raises(BadValueError):
        receiver.feed(wrong)
    answer = receiver.answer(wrong)
    assert answer is not None
    if wrong.units[0].value["transfer_command"] == "download_by_segment":
        assert answer.units[0].value == {"segment_number": "file_error"}
    assert (receiver.missing, receiver.file_id, receiver.segment_count) == ([1, 2], "terminal_program", 3)
    receiver.feed(segment(segment_number=2, content=b"x" * 92))
    assert receiver.feed(segment(segment_number=1, content=b"last")) is FileStep.COMPLETE
    assert receiver.content == b"\x00\x01\x02\x03last" + b"x" * 92


@pytest.mark.parametrize(
    "message",
    [
        lambda: plms.login(TERMINAL),
        lambda: plms.request("terminal_clock", address=TERMINAL),
        lambda: plms.respond(segment(), [plms.unit("file_transfer_mode_1", {"segment_number": 0})]),
        lambda: replace(segment(), units=segment().units * 2),
    ],
)
def test_what_carries_no_file_is_refused(message: Any) -> None:
    receiver = FileReceiver()
    with pytest.raises(BadStructureError):
        receiver.feed(sent(message()))
    with pytest.raises(BadStructureError):
        receiver.answer(sent(message()))


def test_a_body_that_was_not_understood_is_refused() -> None:
    whole = bytearray(bytes(segment()))
    whole[27] += 1  # the length of the segment; PW is taken for its last byte then, and what is left fits nothing
    whole[27 + 1] = 0x7F
    whole[-2] = sum(whole[6:-2]) & 0xFF
    message = plms.decode(bytes(whole), strict=False)
    assert message.errors
    with pytest.raises(BadStructureError):
        FileReceiver().feed(message)


def test_a_count_from_the_wire_takes_no_memory() -> None:
    messages = [segment(segment_count=0xFFFF, segment_number=index) for index in range(16)]
    tracemalloc.start()
    receiver = FileReceiver()
    for message in messages:
        receiver.feed(message)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 50_000
    assert len(receiver.missing) == 0xFFFF - 16


def test_a_count_that_looks_like_no_data_is_a_count() -> None:
    receiver = FileReceiver()
    receiver.feed(segment(segment_count=0xEEEE))
    assert receiver.segment_count == 0xEEEE
    answer = receiver.answer(segment(segment_count=0xEEEE))
    assert answer is not None
    assert answer.units[0].value == {"segment_number": 0}


def test_the_first_block_with_a_gap_is_reported() -> None:
    receiver, file = FileReceiver(), sender(bytes(2 * BLOCK + 3), 1)
    assert receiver.missing_report() == {"segment_block": 0, "missing_segment": []}
    for index in (*range(BLOCK), BLOCK + 1, 2 * BLOCK + 1):
        receiver.feed(sent(file.segment(index)))
    assert receiver.missing_report() == {"segment_block": 1, "missing_segment": [0, *range(2, BLOCK)]}
    assert receiver.missing_report(0) == {"segment_block": 0, "missing_segment": []}
    assert receiver.missing_report(2) == {"segment_block": 2, "missing_segment": [0, 2]}
    assert receiver.missing_report(63) == {"segment_block": 63, "missing_segment": []}


# ------------------------------------------------------------------------------------------------- both together


@given(st.binary(min_size=1, max_size=300), st.integers(1, 40), st.data())
def test_any_file_in_any_order_with_any_loss_arrives(content: bytes, size: int, data: st.DataObject) -> None:
    file, receiver = sender(content, size, address=GROUP), FileReceiver()
    waiting = list(file)
    for _ in range(10):
        lost = data.draw(st.sets(st.integers(0, len(waiting) - 1)))
        doubled = [each for index, each in enumerate(waiting) if index not in lost] * 2
        for message in data.draw(st.permutations(doubled)):
            receiver.feed(sent(message))
            assert receiver.answer(sent(message)) is None
        waiting = file.missing(reported(receiver.missing_report())) if receiver.segment_count else list(file)
        if not waiting:
            break
    for message in waiting:
        receiver.feed(sent(message))
    assert receiver.complete
    assert receiver.content == content
    assert file.missing(reported(receiver.missing_report())) == []


_PARTS = st.fixed_dictionaries(
    {},
    optional={
        "file_id": st.integers(0, 255),
        "segment_position": st.integers(0, 255),
        "transfer_command": st.sampled_from([0, 0, 0, 1, 2, 3, 0xEE]),
        "segment_count": st.sampled_from([0, 1, 3, 0xEEEE, 0xFFFF]),
        "segment_number": st.integers(0, 4) | st.sampled_from([0xFFFE, 0xFFFF, 0xEEEEEEEE, 0xFFFFFFFF]),
        "content": st.binary(max_size=6),
    },
)


@given(st.lists(_PARTS, max_size=8))
def test_whatever_is_fed_only_documented_errors_come_and_the_size_is_bounded(hostile: list[dict[str, Any]]) -> None:
    receiver = FileReceiver(max_size=10)
    for parts in hostile:
        message = segment(**parts)
        before = receiver.missing
        try:
            step = receiver.feed(message)
        except PlmsError:
            assert receiver.missing == before
            step = None
        answer = receiver.answer(message)
        assert answer is not None
        assert bytes(answer)
        if step in (FileStep.SEGMENT, FileStep.COMPLETE, FileStep.REPEATED):
            assert answer.units[0].value["segment_number"] == message.units[0].value["segment_number"]
        assert sum(map(len, receiver._segments.values())) <= 10
        assert receiver.complete is (receiver.content is not None)
        assert plms.unit("missing_file_segment", receiver.missing_report())
