"""The catalogue: every item (AFN, Fn) and event record of every edition, as data.

The ``.toml`` files beside this module are the protocol's description; ``docs/catalogue.md`` explains their format. This
package only loads them, lazily by file, and answers questions about them: ``entries`` holds what the questions return,
``loader`` finds and checks the files. Nothing here knows frames or data units.
"""

from .entries import AfnEntry, BodyLayout, EventEntry, ItemEntry, SharedLayout
from .loader import Catalogue, default_catalogue

__all__ = ["AfnEntry", "BodyLayout", "Catalogue", "EventEntry", "ItemEntry", "SharedLayout", "default_catalogue"]
