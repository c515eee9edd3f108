"""The documentation site: `python3 dev.py docs` builds it into build/docs/html with Sphinx, MyST and Furo.

Enters: docs/*.md, README.md, CONTRIBUTING.md, and what the generated pages describe (the grammar, the table of
functions, the rule files, the gallery).  Leaves: HTML that needs no network and no script for its formulas.  Always
holds: the Markdown in docs/ reads the same on a code host; generated pages are made at each build and never committed,
so that they cannot be out of date.  Not for the package: nothing of it is in the wheel.
"""
