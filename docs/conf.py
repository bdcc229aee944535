"""How Sphinx builds the documentation: ``make docs``."""

from smartdownsample import __version__

project = "smartdownsample"
author = "The smartdownsample developers"
copyright = author  # noqa: A001 - the name that Sphinx reads
release = version = __version__

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]

# Options such as --quiet stand in texts as well; two hyphens are no dash.
smartquotes = False

# The pages are read in the repository as well, where headings have anchors of their own.
myst_heading_anchors = 3

# As docstrings are written: `name` is a name of Python where there is one, else code.
default_role = "py:obj"
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
add_module_names = False

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_static_path = ["pages.css"]
html_css_files = ["pages.css"]
