"""The functions of the language by subject: each module enters its functions into the table (`table.py`).

Not for: calling them (`builtins.py`), and not for derivatives (`rules/*.rules`).
"""
