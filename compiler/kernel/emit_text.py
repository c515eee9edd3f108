"""What all parts of the emitter share: identifiers, the text of sizes and numbers, and indented lines.

Enters: names of buffers and sizes, `Dim`s, numbers.  Leaves: text of a kernel.  Always holds: two different things
never get the same identifier.  Not for: the meaning of steps.
"""

from __future__ import annotations

import math
import re

from ..tensor.dims import Dim
from .program import Load

INTRINSICS = frozenset({"array", "larger", "part", "plus", "prefetch", "shift", "times"})  # of `runtime/intrinsics.py`


class Names:
    """The identifiers of one kernel."""

    def __init__(self, dtype: str, reserved: set[str]) -> None:
        self.dtype = dtype
        self._taken = {*reserved, "real", dtype, "int64", "inf", "nan", "fabs", "maximum", "minimum", "logical_not"}
        self._taken |= INTRINSICS
        self._buffers: dict[str, str] = {}
        self._sizes: dict[str, str] = {}

    def fresh(self, wish: str) -> str:
        """An identifier like `wish` that nothing else has."""
        wish = re.sub(r"\W", "_", wish)
        wish = wish if re.match(r"[A-Za-z_]", wish) else "_" + wish
        name, k = wish, 2
        while name in self._taken:
            name, k = f"{wish}_{k}", k + 1
        self._taken.add(name)
        return name

    def take(self, wishes: str) -> str:
        """The first free one of several one-letter identifiers, or one like the first."""
        for wish in wishes:
            if wish not in self._taken:
                return self.fresh(wish)
        return self.fresh(wishes[0])

    def release(self, name: str) -> None:
        """Gives the identifier of a local variable back."""
        self._taken.discard(name)

    def identifier(self, buffer: str) -> str:
        """The identifier of a buffer."""
        if buffer not in self._buffers:
            self._buffers[buffer] = self.fresh(buffer)
        return self._buffers[buffer]

    def size(self, name: str) -> str:
        """The identifier of a size."""
        if name not in self._sizes:
            self._sizes[name] = self.fresh(name)
        return self._sizes[name]

    def dim(self, dim: Dim) -> str:
        """A size as an expression of integers."""
        text = ""
        for monomial, coefficient in dim.terms:
            factors = []
            for atom, power in monomial:
                if isinstance(atom, str):
                    factors += [self.size(atom)] * power
                else:
                    factors += [f"{atom[0]}({self.dim(atom[1])}, {self.dim(atom[2])})"] * power
            if abs(coefficient) != 1 or not factors:
                factors.insert(0, str(abs(coefficient)))
            sign = "-" if coefficient < 0 else "+"
            text += f" {sign} " if text else sign.replace("+", "")
            text += "*".join(factors)
        return text or "0"

    def factor(self, dim: Dim) -> str:
        """The size as a factor of a product."""
        text = self.dim(dim)
        return text if re.fullmatch(r"\w+", text) else f"({text})"

    def number(self, value: float) -> str:
        """A constant of the kernel's dtype."""
        if math.isnan(value):
            text = "nan"
        elif math.isinf(value):
            text = "inf" if value > 0 else "-inf"
        else:
            text = repr(float(value))
        return text if self.dtype == "float64" else f"real({text})"


class Writer:
    """The lines of a function's body, and the names of the functions that they use."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lines: list[str] = []
        self.functions: set[str] = set()
        self.depth = 0

    def line(self, text: str) -> None:
        """Adds a line at the current depth."""
        self.lines.append("    " * self.depth + text)
        self.functions |= set(re.findall(r"\b(?:inf|nan)\b", text))

    def extend(self, texts: list[str]) -> None:
        """Adds several lines."""
        for text in texts:
            self.line(text)

    def comment(self, text: str) -> None:
        """Adds a comment."""
        self.lines.append("    " * self.depth + "# " + text)

    def element(self, load: Load, labels: tuple[str, ...]) -> str:
        """The element of a view at these labels (the names of the loop's variables)."""
        names = self.names
        terms = []
        for label, stride in zip(load.labels, load.view.strides, strict=True):
            if stride.value == 1:
                terms.append(labels[label])
            elif stride.value != 0:
                terms.append(f"{labels[label]}*{names.factor(stride)}")
        if load.view.offset.value != 0:
            terms.insert(0, names.dim(load.view.offset))
        text = f"{names.identifier(load.view.buffer.name)}[{' + '.join(terms) or '0'}]"
        if load.view.buffer.dtype == "int":
            return f"real({names.size(load.view.buffer.name) if not load.view.buffer.shape else text})"
        return text
