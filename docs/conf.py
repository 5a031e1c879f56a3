"""Sphinx configuration. Metadata come from pyproject.toml, generated pages and parts from ``_ext/generated.py``."""

import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

_metadata = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _metadata["name"]
version = release = _metadata["version"]
author = "the plmsproto authors"
copyright = author
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "generated", "search_words"]
exclude_patterns = ["_build"]

html_search_language = "en_zh"  # of search_words
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["reference.css"]
html_title = f"{project} {release}"

myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
python_maximum_signature_line_length = 88
