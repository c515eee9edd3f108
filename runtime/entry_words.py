"""The descriptor of a doorway: what `entry.py` writes and `entry_code.py` reads, as positions in an array of words.

Enters, leaves: constants.  Always holds: the sections ARGUMENTS (four words each: kind, order, place of the address in
the table, place of the sizes), LIMITS (smallest and largest size of each axis of the arguments), INPUTS and OUTPUTS
(order, place of the address, place of the sizes), RESULT (how the outputs are put together) and TEMPLATE (the
table with the fixed arguments in it) start at the words that stand in the header.  Not for: code.
"""

from __future__ import annotations

# The header.
KERNEL, LENGTH, COUNT, FALLBACK, ARRAY_TYPE, DESCR, FLOAT_TYPE, FLOAT64_TYPE, INT_TYPE = range(9)
OUT_NAME, NONE, TUPLE_TYPE, NEW, TYPE_NUMBER, SINGLE, BOUND_ELEMENTS, POOL = range(9, 17)
ARGUMENTS, LIMITS, INPUTS, INPUT_COUNT, OUTPUTS, OUTPUT_COUNT, RESULT, RESULT_LENGTH, TEMPLATE, BYTES = range(17, 27)
GET_THREADS, SET_THREADS, THREAD_STATE, FEW_OPERATIONS, MOST_THREADS = range(27, 32)
HEADER = 32

# Kinds of arguments.
ARRAY, REAL, INTEGER = range(3)

# What fits on the stack: words of the table, arguments, outputs, words of workspace.
MOST_WORDS, MOST_ARGUMENTS, MOST_OUTPUTS, SMALL_WORDS = 512, 64, 32, 512
SMALL = 8 * SMALL_WORDS
MOST = (MOST_WORDS, MOST_ARGUMENTS, MOST_OUTPUTS)

# Blocks of memory that are kept for the next call: up to 8 for each power of two, up to 2^28 bytes.
POOL_CLASSES, POOL_SLOTS, LARGEST_KEPT = 48, 8, 28

# Where things stand in an object.  Behind the head of every object (whose last word is its type) an array has its
# data, order, sizes, strides, base, dtype and flags; a float its value; a tuple its length and its items.
HEAD = object.__basicsize__
TYPE = HEAD - 8
ARRAY_ORDER, ARRAY_SIZES, ARRAY_DESCR, ARRAY_FLAGS = HEAD + 8, HEAD + 16, HEAD + 40, HEAD + 48
ALIGNED = 0x1 | 0x100  # and C-contiguous
READY = ALIGNED | 0x400  # and writeable

LONG_WORK = 4096  # elements of inputs and workspace: above, other Python threads may run meanwhile
