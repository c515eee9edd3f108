"""`matgrad grad`: the gradient of a scalar function."""

from ..derivative import derivative_command

command = derivative_command(
    "grad",
    "Print the gradient of a scalar function.",
    """matgrad grad "tr(A*B*A'*C)" --wrt A
      matgrad grad examples/ridge.mg --wrt w
      matgrad grad examples/design.mg --fn d_optimal --wrt w --latex""",
)
