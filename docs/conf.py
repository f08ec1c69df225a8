"""How Sphinx builds this documentation. ``make docs`` turns every warning into an error."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed_version
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "Regrade"
author = "the Regrade authors"
copyright = author
release = version = installed_version("regrade")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "architecture",
    "command_output",
    "error_page",
    "registry_pages",
]
exclude_patterns = ["_build", "_ext", "_templates"]
templates_path = ["_templates"]
default_role = "code"
# Two modules may each have a class of the same name; a short reference to it is then plain text.
suppress_warnings = ["ref.python"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autosummary_generate = True
autosummary_ignore_module_all = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_class_signature = "mixed"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_display_short_literal_types = True

html_theme = "furo"
html_title = "Regrade"
html_show_sphinx = False
html_copy_source = False


def keep_modules_out_of_the_sidebar(app: Sphinx, doctree: nodes.document) -> None:
    """The pages of modules link to each other in tables; 400 of them in the sidebar of every page double the build."""
    if app.env.docname.startswith("reference/generated/regrade"):
        for tree in list(doctree.findall(addnodes.toctree)):
            tree.parent.remove(tree)


def setup(app: Sphinx) -> None:
    app.connect("doctree-read", keep_modules_out_of_the_sidebar, priority=100)
