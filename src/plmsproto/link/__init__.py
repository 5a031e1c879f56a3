"""The link layer: frames ``68 L L 68 C A … CS 16``, their control and address fields, and finding them in bytes.

It never looks into a frame's user data: the application layer does.
"""

from .address import Address
from .constants import MAX_NETWORK, MAX_RADIO, TAG_130, TAG_376
from .control import Control, Direction
from .frame import Frame
from .scan import FrameIndex, IndexedFrame
from .splitter import Event, FrameSplitter, Noise, make_noise

__all__ = [
    "MAX_NETWORK",
    "MAX_RADIO",
    "TAG_130",
    "TAG_376",
    "Address",
    "Control",
    "Direction",
    "Event",
    "Frame",
    "FrameIndex",
    "FrameSplitter",
    "IndexedFrame",
    "Noise",
    "make_noise",
]
