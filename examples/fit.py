"""Four fits to real data with `mg.minimize`: python examples/fit.py [NAME ...]

The data are the 30 measurements of 569 tumours in examples/data. Each function of `FITS` returns a problem: a function
of matgrad, the names of its variables, its data, and where the search starts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import matgrad as mg

HERE = Path(__file__).resolve().parent
TABLE = np.loadtxt(HERE / "data" / "breast_cancer.csv", delimiter=",", skiprows=1)
MEASUREMENTS, MALIGNANT = TABLE[:, :-1], TABLE[:, -1]
STANDARD = (MEASUREMENTS - MEASUREMENTS.mean(axis=0)) / MEASUREMENTS.std(axis=0)

OPTIONS = {"maxiter": 5000, "maxfun": 10000, "gtol": 1e-5, "ftol": 1e-10}  # of L-BFGS-B

Array = Any


@dataclass(frozen=True)
class Fit:
    """A problem for `mg.minimize`, and what its minimum says, in words."""

    function: Any
    variables: tuple[str, ...]
    data: dict[str, Any]
    start: dict[str, Any]
    told: Callable[[Any], str]
    bounds: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def minimum(self) -> Any:
        """The minimum by L-BFGS-B."""
        return mg.minimize(
            self.function,
            self.variables,
            self.data,
            self.start,
            bounds=self.bounds,
            options=OPTIONS,
        )


def logistic() -> Fit:
    """Which tumours are malignant: logistic regression on the measurements and an intercept."""
    X = np.column_stack([STANDARD, np.ones(len(STANDARD))])
    data = {"X": X, "y": MALIGNANT, "lam": 0.01}

    def told(minimum: Any) -> str:
        right = np.mean((X @ minimum["w"] > 0) == MALIGNANT)
        return f"{right:.1%} of the tumours are classified rightly"

    return Fit(mg.load(HERE / "logistic.mg").logistic, ("w",), data, {"w": np.zeros(X.shape[1])}, told)


def nonnegative_factorization() -> Fit:
    """The measurements, each divided by its largest value, as a product of two nonnegative matrices of rank 5."""
    T = MEASUREMENTS / MEASUREMENTS.max(axis=0)
    random = np.random.default_rng(0)
    start = {name: random.uniform(0.1, 0.5, size=(size, 5)) for name, size in zip("UV", T.shape, strict=True)}
    bounds = {"U": (0, None), "V": (0, None)}

    def told(minimum: Any) -> str:
        rest = T - minimum["U"] @ minimum["V"].T
        zeros = np.mean(minimum["V"] == 0)
        return f"{1 - np.sum(rest**2) / np.sum(T**2):.2%} of the square are explained, {zeros:.0%} of V are zeros"

    function = mg.load(HERE / "matrix_factorization.mg").factorization
    return Fit(function, ("U", "V"), {"T": T, "lam": 1e-3}, start, told, bounds)


def gaussian_process() -> Fit:
    """The worst area from the mean measurements of 300 tumours: the scale, the length and the noise of a kernel."""
    X, y = STANDARD[:300, :10], STANDARD[:300, 23]
    function = mg.loads("""
        # exp(a - |x - z|^2 / (2*length^2)), with length = exp(b), between the rows of X; exp(c) is the noise.
        fn marginal(X: matrix[n, d], y: vector[n], a: scalar, b: scalar, c: scalar) = {
            r = diag(X*X')
            D = r*ones(n)' + ones(n)*r' - 2*X*X'
            S = exp(a - exp(-2*b) * D/2) + exp(c)*I
            0.5 * y'*(S \\ y) + 0.5 * logdet(S)
        }
    """).marginal

    def told(minimum: Any) -> str:
        scale, length, noise = (float(np.exp(minimum[name])) for name in "abc")
        return f"variance {scale:.1f}, length {length:.2f}, variance of the noise {noise:.4f}"

    return Fit(function, ("a", "b", "c"), {"X": X, "y": y}, {"a": 0.0, "b": 0.0, "c": -2.0}, told)


def graphical_lasso() -> Fit:
    """Which measurements depend on each other: the graphical lasso, by its dual.

    The covariance W that is nearest to independence, no entry of which is further than lam from the empirical S
    (Banerjee, El Ghaoui and d'Aspremont, J. Mach. Learn. Res. 9, 2008); its inverse is sparse.
    """
    S = STANDARD.T @ STANDARD / len(STANDARD)
    lam = 0.3
    function = mg.function("-logdet(W) where W: posdef matrix[n, n]")
    start = {"W": S + lam * np.eye(len(S))}
    bounds = {"W": (S - lam, S + lam)}

    def told(minimum: Any) -> str:
        P = np.linalg.inv(minimum["W"])
        gap = np.sum(S * P) - len(S) + lam * np.sum(np.abs(P))
        edges = int(np.sum(np.abs(np.triu(minimum["W"] - S, 1)) == lam))
        return f"{edges} of {len(S) * (len(S) - 1) // 2} pairs depend on each other; the duality gap is {gap:.1e}"

    return Fit(function, ("W",), {}, start, told, bounds)


FITS: dict[str, Callable[[], Fit]] = {
    f.__name__: f for f in (logistic, nonnegative_factorization, gaussian_process, graphical_lasso)
}


def main(names: list[str]) -> None:
    """Fit, and print what was found."""
    for name in names or FITS:
        fit = FITS[name]()
        found = fit.minimum()
        print(f"{name}: {FITS[name].__doc__.splitlines()[0]}" if FITS[name].__doc__ else name)
        print(f"  {fit.told(found)}")
        print(
            f"  {found.message.strip().lower()}: value {found.value:.9g}, {found.iterations} iterations, "
            f"{found.evaluations} evaluations in {found.seconds * 1e3:.0f} ms"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
