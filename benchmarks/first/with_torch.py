"""The first gradient with PyTorch."""

from .clock import X, done, imported, w, y

import torch  # isort: skip

imported()
X, y, w = (torch.tensor(array) for array in (X, y, w))
w.requires_grad_()
r = X @ w - y
value = r @ r + 0.1 * w @ w
value.backward()
done(w.grad)
