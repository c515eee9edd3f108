"""The first gradient with PyTensor, by its Numba backend."""

from .clock import X, done, imported, w, y

import pytensor  # isort: skip
import pytensor.tensor as pt  # isort: skip

imported()
data, target, weights = pt.matrix(), pt.vector(), pt.vector()
r = data @ weights - target
value = r @ r + 0.1 * weights @ weights
ridge = pytensor.function([data, target, weights], [value, pytensor.grad(value, weights)], mode="NUMBA")
done(ridge(X, y, w)[1])
