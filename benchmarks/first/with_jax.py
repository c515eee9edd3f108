"""The first gradient with JAX."""

from .clock import X, done, imported, w, y

import jax  # isort: skip

imported()
jax.config.update("jax_enable_x64", True)


def ridge(w, X, y, lam):
    """The objective."""
    r = X @ w - y
    return r @ r + lam * w @ w


value, gradient = jax.jit(jax.value_and_grad(ridge))(w, X, y, 0.1)
done(gradient)
