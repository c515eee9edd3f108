"""The routines of a kernel program: for each its shapes, its meaning in NumPy, its price and the memory that it needs.

`table.py` has them all, by name: the planner reads names and costs there, `interpret.py` the meaning, and `emit.py`
how to call the compiled routine of the same name (`runtime/library`).  A new routine is one entry in one of the files
of this folder, and one function in `runtime/library`.

What always holds: operands are views of any strides (an axis that is not read through stride 0 twice), sizes may be 0;
an output overlaps an input only where a table says "in place", and is then the very same view: X may be B, P may be T
or L, L may be A.  A routine fails only if the step's `failure` text is set; with an empty text the results are then
inf, nan or undefined.

A = B' is written by transposing the view (`view.T`); all factors alpha and beta are `Scale`s, `scalars=()` means
alpha = 1, beta = 0 and `scalars=(alpha,)` beta = 0; with beta = 0 the output is not read.  `X`, `B` of a solve are
matrices n x k or vectors n.
"""
