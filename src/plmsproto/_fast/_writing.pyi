from plmsproto.application.units import DataUnit, Reading
from plmsproto.catalogue import Catalogue
from plmsproto.link import Direction

def fast_encode(
    catalogue: Catalogue, direction: Direction, reading: Reading, check_bounds: bool, afn: int, units: list[DataUnit]
) -> bytes | None: ...
