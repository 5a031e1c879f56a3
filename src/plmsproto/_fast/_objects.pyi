from plmsproto.application.reading import Outcome
from plmsproto.catalogue import Catalogue
from plmsproto.editions import Edition
from plmsproto.link import Frame

def fast_decode(frame: Frame, catalogue: Catalogue, edition: Edition | None, ffff_is_all: bool) -> Outcome | None: ...
