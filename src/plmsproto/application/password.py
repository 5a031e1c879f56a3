"""PW by calculation: the CRC-16 scheme of Q/GDW 130-2005, whose polynomial is the secret.

Scheme and key are set with AFN 04H F5. The code covers 12 bytes: C, A (5), AFN, SEQ and the identifier of the first
data unit; body, Tp and checksum are not covered. Devices of 376.1 use the same code, followed by 14 zeros, as
"software" scheme; the hardware schemes of 1376.1 are the business of a security module, whose bytes go into ``Aux.pw``
as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from ..errors import EncodeError, shown

Authenticator = Callable[[bytes], bytes]
"""Takes the covered bytes (C … DT2 of the first data unit) and returns the PW, later padded with zeros to its width."""

COVERED_UNIT_BYTES: Final = 4
"""Of the data units, only the first identifier is covered."""


def password(key: int) -> Authenticator:
    """An authenticator for a 16-bit key.

    Args:
        key: the key as set with AFN 04H F5, its two bytes read low byte first; 0 gives 00 00.

    Raises:
        EncodeError: the key has more than 16 bits.
    """
    if not 0 <= key <= 0xFFFF:
        raise EncodeError("invalid PW key", found=shown(key), expected="0..65535")
    crc = _crc(key)

    def authenticate(covered: bytes) -> bytes:
        return int(crc(covered)).to_bytes(2, "little")

    return authenticate


@lru_cache(maxsize=256)
def _crc(key: int) -> Any:
    # Imported late: most users never compute a PW, and crcmod is slow to import.
    import crcmod

    # The scheme shifts right, so the key is the reflected polynomial; crcmod wants it unreflected with its top bit.
    polynomial = 0x10000 | int(f"{key:016b}"[::-1], 2)
    return crcmod.mkCrcFun(polynomial, initCrc=0, rev=True, xorOut=0)
