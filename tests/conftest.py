"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.database import InMemoryExampleDatabase
from implementations import FAST, PURE, Implementation, needs_fast

if settings.default is not None and settings.default.database is None:
    # In CI hypothesis keeps no database, and looks for one in the settings of every case of a parametrised test that
    # ran before: with a thousand items that is deeper than Python goes. One that forgets is as good.
    settings.register_profile("no_files", settings.default, database=InMemoryExampleDatabase())
    settings.load_profile("no_files")


@pytest.fixture(scope="session", params=[PURE, pytest.param(FAST, marks=needs_fast)], ids=str)
def implementation(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    """Each implementation in turn, put to use in the library; the compiled one only if it was built or is required."""
    with request.param.in_use():
        yield request.param
