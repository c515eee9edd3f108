"""Programs that compute one gradient and end: each in a file of its own, as a user would have it.

Enters: nothing.  Leaves: on standard output one line of JSON: the seconds that the import took, and those from the
start to the first gradient.  Always holds: NumPy is imported before the clock starts.  Not for: importing; `start.py`
runs them.
"""
