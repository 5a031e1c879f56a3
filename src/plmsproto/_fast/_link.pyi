from array import array
from collections.abc import Sequence

from typing_extensions import Buffer

from plmsproto.link.address import Address
from plmsproto.link.scan import FrameIndex

def address_from(field: bytes) -> Address: ...
def checksum(data: Buffer) -> int: ...
def scan(
    buffer: Buffer,
    *,
    address_size: int = 5,
    max_length: int = 16383,
    start: int = 0,
    stop: int | None = None,
    bounds: Sequence[int] | None = None,
    first_entry: int = 0,
    final: bool = True,
) -> FrameIndex: ...
def gaps(index: FrameIndex, bounds: Sequence[int]) -> tuple[array[int], array[int], array[int]]: ...
def is_whole_frame(data: bytes, *, address_size: int = 5) -> bool: ...

class FrameSearch:
    def __init__(
        self,
        buffer: Buffer,
        *,
        address_size: int = 5,
        max_length: int = 16383,
        final: bool = True,
        start: int = 0,
        until: int | None = None,
    ) -> None: ...
    def __len__(self) -> int: ...
    def search(self, start: int, stop: int) -> int: ...
    def index(self, entry: Buffer | None = None) -> FrameIndex: ...

class StreamScanner:
    def __init__(self, *, start: int = 0, address_size: int = 5, max_length: int = 16383) -> None: ...
    @property
    def undecided(self) -> int: ...
    def scan(self, held: Buffer, base: int) -> list[tuple[int, int]]: ...
