"""Frames made byte by byte: of any user data, repaired after a change, and changed at random."""

from __future__ import annotations

from hypothesis import strategies as st


def framed(summed: bytes, tag: int = 2) -> bytes:
    """A frame of the bytes that the checksum covers: control, address, user data."""
    word = (len(summed) << 2 | tag).to_bytes(2, "little")
    return b"\x68" + word + word + b"\x68" + summed + bytes((sum(summed) & 0xFF, 0x16))


def a_frame(user_data: bytes, *, control: int = 0x88, tag: int = 2, address: bytes = b"\x01\x44\x34\x12\x02") -> bytes:
    """A frame of any user data."""
    return framed(bytes((control,)) + address + user_data, tag)


def repaired(content: bytes, tag: int | None = None) -> bytes:
    """The bytes with length words, checksum and end put right, so that they are a frame again."""
    return framed(content[6:-2], content[1] & 3 if tag is None else tag)


def bcd(number: int) -> int:
    return number // 10 << 4 | number % 10


# Bytes that mean something: fill, limits of times, signs, flags, BCD.
TELLING = st.sampled_from([0x00, 0x7F, 0x80, 0xEE, 0xEF, 0xFE, 0xFF, 0x20, 0x31, 0x60]) | st.integers(0, 99).map(bcd)
CONTROLS = (0x88, 0xA8, 0xC9, 0x4B, 0x0B, 0xE8, 0xC4, 0x00)


@st.composite
def changed(draw: st.DrawFn, sound: bytes) -> bytes:
    """A frame with some bytes changed, filled, cut off or added, perhaps with another head."""
    content = bytearray(sound)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(12, len(content) - 3))
        size = min(draw(st.integers(1, 8)), len(content) - 2 - at)
        match draw(st.sampled_from(["flip", "set", "set", "fill", "insert", "delete", "cut"])):
            case "flip":
                content[at] ^= 1 << draw(st.integers(0, 7))
            case "set":
                content[at] = draw(TELLING | st.integers(0, 255))
            case "fill":
                content[at : at + size] = bytes((draw(st.sampled_from([0xEE, 0xEE, 0xFF, 0xFE, 0xEF, 0x00])),)) * size
            case "insert":
                content[at:at] = draw(st.binary(min_size=1, max_size=8))
            case "delete":
                del content[at : at + size]
            case "cut":
                del content[max(at, 14) : -2]
        if len(content) < 16:
            content = bytearray(sound)
    match draw(st.sampled_from(["keep", "keep", "control", "bit"])):
        case "control":
            content[6] = draw(st.sampled_from(CONTROLS))
        case "bit":  # DIR, PRM, ACD: another direction, or EC or not
            content[6] ^= draw(st.sampled_from([0x20, 0x40, 0x80]))
    if draw(st.integers(0, 3)) == 0:  # TpV: Tp or not
        content[13] ^= 0x80
    return repaired(bytes(content), draw(st.sampled_from([None, None, None, 1, 2])))
