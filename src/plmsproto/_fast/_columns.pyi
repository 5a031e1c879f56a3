from collections.abc import Sequence

from typing_extensions import Buffer

from plmsproto.bulk.columns import RowBatch
from plmsproto.bulk.plan import Plan

class Interpreter:
    def __init__(self, plan: Plan, *, address_size: int = 5) -> None: ...
    def run(self, view: Buffer, offsets: Sequence[int], lengths: Sequence[int], first: int, last: int) -> int: ...
    def take(self) -> RowBatch: ...
