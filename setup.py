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


class FallbackBuildExt(build_ext):
    """Builds what it can and says loudly what it could not."""

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            self._fall_back(error)

    def build_extension(self, ext: Extension) -> None:
        try:
            super().build_extension(ext)
        except Exception as error:
            self._fall_back(error)

    def _fall_back(self, error: Exception) -> None:
        if REQUIRE_FAST:
            raise error
        print(
            f"WARNING: the fast implementation of plmsproto could not be built ({error}); "
            "the pure-Python implementation will be used",
            file=sys.stderr,
        )

    def get_outputs(self) -> list[str]:
        # An extension that fell back has no output; an install must not look for it.
        return [path for path in super().get_outputs() if Path(path).exists()]


def extensions() -> list[Extension]:
    """Cythonizes the modules of _fast; an empty list for a pure build."""
    if PURE_BUILD:
        return []
    from Cython.Build import cythonize

    # gcc vectorises the byte sum of the checksum at -O3 only.
    arguments = [] if sys.platform == "win32" else ["-O3"]
    modules = [
        Extension(f"plmsproto._fast.{path.stem}", [path.as_posix()], extra_compile_args=arguments)
        for path in sorted(Path("src/plmsproto/_fast").glob("*.pyx"))
    ]
    if REQUIRE_FAST and not modules:
        raise RuntimeError("PLMSPROTO_REQUIRE_FAST=1, but the sources of the fast implementation are not there")
    return cythonize(modules, language_level=3)


setup(ext_modules=extensions(), cmdclass={"build_ext": FallbackBuildExt})
