"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from budgets import register_profiles
from implementations import FAST, PURE, Implementation, needs_fast

register_profiles()


@pytest.fixture(scope="session", params=[PURE, pytest.param(FAST, marks=needs_fast)], ids=str)
def implementation(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    """Each implementation in turn, put to use in the library; the compiled one only if it was built or is required."""
    with request.param.in_use():
        yield request.param
