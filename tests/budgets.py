"""How much the tests try: a part by default, everything with ``-m ""`` and the hypothesis profile ``ci``.

- ``examples(400)`` asks hypothesis for 400 examples in the profile ``ci``, and for a fifth of them in ``quick``.
- ``sampled(cases, ids, traits)`` chooses by rule, never at random, which of many cases the default run has; the others
  get the marker ``exhaustive``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from hypothesis import HealthCheck, settings
from hypothesis.database import InMemoryExampleDatabase

exhaustive = pytest.mark.exhaustive

PROFILES = {"quick": 20, "ci": 100}
"""Examples of a test that does not ask for a number."""


def register_profiles() -> None:
    """Makes the profiles known and takes ``quick``, unless ``--hypothesis-profile`` names another one later."""
    for name, most in PROFILES.items():
        settings.register_profile(
            name,
            max_examples=most,
            deadline=None,
            print_blob=True,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            # Without a database, hypothesis looks for one in the settings of every case of a parametrised test that
            # ran before: with a thousand items that is deeper than Python goes.
            database=InMemoryExampleDatabase(),
        )
    settings.load_profile("quick")


def examples(number: int) -> settings:
    """Settings for so many examples in the profile ``ci``, and a proportional part of them in others."""
    assert settings.default is not None
    return settings(max_examples=max(1, number * settings.default.max_examples // PROFILES["ci"]))


def sampled(
    cases: Sequence[tuple[Any, ...]], ids: Sequence[str], traits: Callable[[Any], Iterable[Hashable]], *, step: int = 25
) -> list[ParameterSet]:
    """The cases as parameters; those that neither have a new trait nor are every ``step``-th are exhaustive."""
    seen: set[Hashable] = set()
    found = []
    for number, (case, name) in enumerate(zip(cases, ids, strict=True)):
        new = set(traits(case)) - seen
        seen |= new
        marks = () if new or number % step == 0 else (exhaustive,)
        found.append(pytest.param(*case, id=name, marks=marks))
    return found
