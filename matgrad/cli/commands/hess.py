"""`matgrad hess`: the Hessian of a scalar function."""

from ..derivative import derivative_command

command = derivative_command(
    "hess",
    "Print the Hessian of a scalar function.",
    """matgrad hess "x'*A*x" --wrt x
      matgrad hess examples/ridge.mg --wrt w
      matgrad hess examples/poisson.mg --wrt w --source""",
)
