"""Builds the optional Cython extensions; everything else is in pyproject.toml.

A failed build falls back to the pure-Python implementation with a warning.
PLMSPROTO_REQUIRE_FAST=1 makes the failure fatal (CI and wheels); PLMSPROTO_PURE_BUILD=1 does not try.
"""

import os
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

REQUIRE_FAST = os.environ.get("PLMSPROTO_REQUIRE_FAST") == "1"
PURE_BUILD = os.environ.get("PLMSPROTO_PURE_BUILD") == "1"


def fall_back(error: Exception) -> None:
    """Says loudly that there will be no fast implementation, or fails if there must be one."""
    if REQUIRE_FAST:
        raise error
    print(
        f"WARNING: the fast implementation of plmsproto could not be built ({error}); "
        "the pure-Python implementation will be used",
        file=sys.stderr,
    )


class FallbackBuildExt(build_ext):
    """Builds what it can."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            fall_back(error)

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except Exception as error:
            fall_back(error)

    def get_outputs(self) -> list[str]:
        # An extension that fell back has no output; an install must not look for it.
        return [path for path in super().get_outputs() if Path(path).exists()]


def extensions() -> list[Extension]:
    """The modules of _fast, cythonized; none for a pure build."""
    if PURE_BUILD:
        return []
    # gcc vectorises the byte sum of the checksum at -O3 only.
    arguments = [] if sys.platform == "win32" else ["-O3"]
    modules = [
        Extension(f"plmsproto._fast.{path.stem}", [path.as_posix()], extra_compile_args=arguments)
        for path in sorted(Path("src/plmsproto/_fast").glob("*.pyx"))
    ]
    if not modules:
        fall_back(RuntimeError("its sources are not there"))
        return []
    try:
        from Cython.Build import cythonize

        compiled = cythonize(modules, language_level=3)
    except Exception as error:
        fall_back(error)
        return []
    for extension in compiled:
        extension.optional = not REQUIRE_FAST  # an editable install must not look for what fell back
    return compiled


setup(ext_modules=extensions(), cmdclass={"build_ext": FallbackBuildExt})
