"""`matgrad jac`: the Jacobian of a function of any shape."""

from ..derivative import derivative_command

command = derivative_command(
    "jac",
    "Print the Jacobian: the indices of the result, then those of the parameter.",
    """matgrad jac "A*x" --wrt x
      matgrad jac "A*B" --wrt A
      matgrad jac "inv(A)" --latex""",
)
