"""The command line.

What enters are arguments, what leaves is text on the terminal and an exit status: 0, 1 for what went wrong, 2 for a
wrong use.  It holds that a command is a file of `commands/`, named like it, with a `command`.  Not for: computing.
"""
