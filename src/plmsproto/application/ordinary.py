"""The short way for frames in which nothing is odd, as the reference has it: there is none.

Nearly all frames are what the standard says: they fit under the first assumption of ``reading``, every field is a value
or plain "no data", and all bytes come back from the values alone. The compiled twin (``_fast._objects``) reads such
frames at once and gives up at the first thing that is odd. It says what the reference says or nothing, so that what is
wrong with a frame, and what a device did differently, is found out in one place only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..catalogue import Catalogue
    from ..editions import Edition
    from ..link import Frame
    from .reading import Outcome


def read_ordinary(
    frame: Frame,  # noqa: ARG001  # what the twin needs
    catalogue: Catalogue,  # noqa: ARG001  # what the twin needs
    edition: Edition | None,  # noqa: ARG001  # what the twin needs
    ffff_is_all: bool,  # noqa: ARG001  # what the twin needs
) -> Outcome | None:
    """What ``reading.read_user_data`` finds in a frame, or ``None``: then it has to be read in all detail."""
    return None
