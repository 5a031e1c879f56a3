"""The format of bytes that mostly are a meter's frame: what AFN 10H forwards. The frame itself is in ``dlt645``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import PlmsError
from .base import Format
from .plain import Raw

if TYPE_CHECKING:
    from ..dlt645 import MeterFrame

_RAW = Raw(None)


class MeterFrameFormat(Format):
    """``meter_frame[count]``: a ``MeterFrame`` where the bytes are exactly one frame of DL/T 645, else the bytes.

    Terminals forward whatever they are given, vendors' own frames included, so that no bytes are wrong here.
    """

    # Few programs meet a meter's frame: what reads them is imported with the first one.

    name = "meter_frame"
    size = None
    fills = ()
    summary = "frame of a meter by DL/T 645, bytes as they are if it is none"

    def read(self, raw: bytes) -> MeterFrame | bytes:
        from ..dlt645 import MeterFrame

        try:
            return MeterFrame.parse(raw)
        except PlmsError:
            return bytes(raw)

    def write(self, value: MeterFrame | bytes) -> bytes:
        return bytes(value)

    def coerce(self, value: Any) -> MeterFrame | bytes:
        from ..dlt645 import MeterFrame

        if isinstance(value, MeterFrame):
            return value
        if isinstance(value, Mapping):
            return MeterFrame.from_dict(value)
        return self.read(_RAW.coerce(value))
