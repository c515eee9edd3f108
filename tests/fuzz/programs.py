"""Random well-typed programs: how they are made, written, evaluated by NumPy, and shrunk."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

import matgrad as mg

from .calculus import HELPERS
from .productions import FREE, INTEGERS, PARAMETERS, PRODUCTIONS, SIZES, SPARSE, Production

Array = Any
BY_SHAPE = {shape: [p for p in PRODUCTIONS if p.shape == shape] for shape in {p.shape for p in PRODUCTIONS}}
LEAVES = {shape: [name for name, (s, _) in PARAMETERS.items() if s == shape] for shape in BY_SHAPE}


@dataclass(frozen=True)
class Tree:
    """A leaf (`name`), or a production with its operands."""

    shape: str
    name: str = ""
    production: Production | None = None
    operands: tuple[Tree, ...] = ()

    @property
    def text(self) -> str:
        """The expression in the language."""
        if self.production is None:
            return self.name
        return self.production.text.format(*(o.text if o.production is None else f"({o.text})" for o in self.operands))

    @property
    def size(self) -> int:
        """Number of nodes."""
        return 1 + sum(o.size for o in self.operands)

    def value(self, names: dict[str, Array]) -> Array:
        """The value by NumPy."""
        if self.production is None:
            return names[self.name]
        return self.production.meaning(*(o.value(names) for o in self.operands))

    def names(self) -> set[str]:
        """The leaves."""
        own = {self.name} if self.production is None else set(self.production.names)
        return own | {n for o in self.operands for n in o.names()}


@dataclass(frozen=True)
class Program:
    """Bindings `b0 = ...`, of which later ones may use earlier ones, and a result, or two (`further`).

    `typed` says that all parameters have types; else those without attributes have none, where no size is named.
    """

    bindings: tuple[Tree, ...]
    result: Tree
    further: Tree | None = None
    typed: bool = True

    @property
    def trees(self) -> tuple[Tree, ...]:
        """All expressions."""
        return (*self.bindings, self.result, *([] if self.further is None else [self.further]))

    @property
    def parameters(self) -> list[str]:
        """The parameters that occur."""
        used = set().union(*(t.names() for t in self.trees))
        return [name for name in PARAMETERS if name in used]

    @property
    def text(self) -> str:
        """The function in the language, and those that it calls."""
        lines = [f"b{k} = {tree.text}" for k, tree in enumerate(self.bindings)]
        result = self.result.text if self.further is None else f"({self.result.text}, {self.further.text})"
        body = f"{{ {'; '.join([*lines, result])} }}" if lines else result
        typed = self.typed or bool(re.search(r"\b[mn]\b|\bdiag\b", body))  # diag takes what is undeclared for square
        plain = re.compile(r"scalar|vector|matrix\[[mn]")
        types = {name: PARAMETERS[name][1] for name in self.parameters}
        declared = ", ".join(name if not typed and plain.match(t) else f"{name}: {t}" for name, t in types.items())
        called = {name for name in HELPERS if f"{name}(" in body}
        called |= {name for name in HELPERS for other in called if f"{name}(" in HELPERS[other]}
        return "\n".join([*(text for name, text in HELPERS.items() if name in called), f"fn f({declared}) = {body}"])

    @property
    def function(self) -> mg.Function:
        """The function, read from its text."""
        return mg.loads(self.text).f

    @property
    def size(self) -> int:
        """Number of nodes."""
        return sum(t.size for t in self.trees)

    def values(self, arrays: dict[str, Array]) -> list[Array]:
        """The values of the results by NumPy, without matgrad."""
        names = dict(arrays)
        for k, tree in enumerate(self.bindings):
            names[f"b{k}"] = tree.value(names)
        results = self.trees[len(self.bindings) :]
        return [np.asarray(tree.value(names), dtype=float) for tree in results]

    def value(self, arrays: dict[str, Array]) -> Array:
        """The value of the first result."""
        return self.values(arrays)[0]


def program(rng: random.Random, depth: int = 4) -> Program:
    """A random program; its result is a scalar half of the time."""
    known: dict[str, str] = {}
    bindings = []
    for k in range(rng.choice([0, 0, 1, 2])):
        tree = _tree(rng, rng.choice(["n", "nn", "mn", "s", "m", "mm"]), depth - 1, known)
        known[f"b{k}"] = tree.shape
        bindings.append(tree)
    results = [_tree(rng, shape, depth, known) for shape in rng.choices(["s"] * 8 + RESULTS, k=2)]
    further = results[1] if rng.random() < 0.1 else None
    return _pruned(Program(tuple(bindings), results[0], further, rng.random() < 0.9))


RESULTS = ["n", "n", "nn", "nn", "mn", "m", "r", "mnn"]


def _tree(rng: random.Random, shape: str, depth: int, known: dict[str, str]) -> Tree:
    bound = [name for name, s in known.items() if s == shape.removeprefix("@")]
    if shape.startswith("@"):
        return Tree(shape[1:], rng.choice(bound * 2 + FREE[shape[1:]]))
    if not depth or rng.random() < 0.1:
        return Tree(shape, rng.choice(bound * 2 + LEAVES[shape]))
    if bound and rng.random() < 0.2:
        return Tree(shape, rng.choice(bound))
    made = rng.choice(BY_SHAPE[shape])
    return Tree(shape, "", made, tuple(_tree(rng, s, depth - 1, known) for s in made.operands))


def _pruned(made: Program) -> Program:
    """Without bindings that nothing uses, if these are the last ones."""
    while made.bindings:
        last = f"b{len(made.bindings) - 1}"
        if any(last in t.names() for t in made.trees):
            break
        made = replace(made, bindings=made.bindings[:-1])
    return made


def data(names: list[str], seed: int) -> dict[str, Array]:
    """Random arrays with the declared attributes."""
    rng = np.random.default_rng(seed)
    return {name: array(name, rng) for name in names}


def array(name: str, rng: np.random.Generator, direction: bool = False) -> Array:
    """A random array for a parameter; a direction lies in the space that the attribute declares."""
    if name == "W":
        return SPARSE
    if name in INTEGERS:
        return np.asarray(INTEGERS[name])
    shape, declared = PARAMETERS[name]
    sizes = (1, SIZES["n"]) if shape == "r" else () if shape == "s" else tuple(SIZES[letter] for letter in shape)
    made = np.asarray(rng.normal(size=sizes))
    attribute = declared.split()[0]
    if attribute == "symmetric" or (attribute in ("posdef", "psd") and direction):
        return made + made.T
    if attribute in ("posdef", "psd"):
        return made @ made.T + np.eye(len(made))
    if attribute == "diagonal":
        return np.diag(np.diag(made))
    if attribute in ("lower", "upper"):
        return np.tril(made) if attribute == "lower" else np.triu(made)
    if attribute == "orthogonal":
        return np.linalg.qr(made)[0]
    return np.abs(made) + 0.3 if attribute in ("positive", "nonneg") and not direction else made


def smaller(made: Program) -> Iterator[Program]:
    """Programs that are a little simpler."""
    if made.further is not None:
        yield _pruned(replace(made, further=None))
        yield _pruned(replace(made, result=made.further, further=None))
        for tree in _smaller_trees(made.further):
            yield _pruned(replace(made, further=tree))
    if not made.typed:
        yield replace(made, typed=True)
    for k in range(len(made.bindings)):
        for tree in _smaller_trees(made.bindings[k]):
            yield _pruned(replace(made, bindings=(*made.bindings[:k], tree, *made.bindings[k + 1 :])))
    for tree in _smaller_trees(made.result):
        yield _pruned(replace(made, result=tree))
    for part in _parts(made.result):
        if part.shape != made.result.shape:
            yield _pruned(replace(made, result=part))


def _parts(tree: Tree) -> Iterator[Tree]:
    for operand in tree.operands:
        yield operand
        yield from _parts(operand)


def _smaller_trees(tree: Tree) -> Iterator[Tree]:
    if tree.production is None:
        return
    yield from (o for o in tree.operands if o.shape == tree.shape)
    yield from (Tree(tree.shape, name) for name in LEAVES[tree.shape][:2])
    for k, (operand, wanted) in enumerate(zip(tree.operands, tree.production.operands, strict=True)):
        inside = [Tree(operand.shape, FREE[operand.shape][0])] if wanted.startswith("@") else _smaller_trees(operand)
        for inner in inside:
            if inner != operand:
                yield replace(tree, operands=(*tree.operands[:k], inner, *tree.operands[k + 1 :]))
