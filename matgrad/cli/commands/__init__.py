"""One file per command: `NAME.py` holds the `command` that `matgrad NAME` runs.

A module here imports only click and modules of the command line at its top, since `matgrad --help` loads all of them.
"""
