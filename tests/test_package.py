"""The package as it is shipped."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import plmsproto as plms
from plmsproto import _fast

ROOT = Path(__file__).parents[1]


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert plms.__version__ == project["version"]
    assert f"## {plms.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_types_and_catalogue_are_shipped_with_the_package() -> None:
    package = Path(plms.__file__).parent
    assert (package / "py.typed").exists()
    assert {path.name for path in (package / "catalogue").glob("*.toml")} >= {
        "afns.toml",
        "types.toml",
        "vocabulary.toml",
    }


def test_all_that_is_promised_is_there() -> None:
    assert sorted(set(plms.__all__)) == sorted(plms.__all__)
    assert all(hasattr(plms, name) for name in plms.__all__)


def test_what_is_imported_on_demand_is_public_and_there() -> None:
    assert set(plms._ON_DEMAND) <= set(plms.__all__)
    for name in plms.__all__:
        assert getattr(plms, name) is not None
    unknown = "nonsense"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        getattr(plms, unknown)


def test_compiled_modules_are_used_only_if_all_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {path.stem for path in Path(_fast.__file__).parent.glob("*.pyx")} == set(_fast._MODULES)
    monkeypatch.setattr(_fast, "_MODULES", ("__init__", "__init__"))
    assert _fast.is_built()
    monkeypatch.setattr(_fast, "_MODULES", ("__init__", "missing"))
    assert not _fast.is_built()


@pytest.mark.parametrize("module", [plms, plms.bulk], ids=["plmsproto", "plmsproto.bulk"])
def test_dir_has_the_public_names_and_nothing_else(module: Any) -> None:
    assert sorted(name for name in dir(module) if not name.startswith("__")) == sorted(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None
