"""The first gradient with matgrad."""

from .clock import X, done, imported, w, y

import matgrad as mg  # isort: skip

imported()

ridge = mg.function(
    "fn ridge(X: matrix[m, n], y: vector[m], w: vector[n], lam: scalar) = normfro(X*w - y)^2 + lam*w'*w"
)
value, gradient = ridge.value_and_grad("w")(X, y, w, 0.1)
done(gradient)
