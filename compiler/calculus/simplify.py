"""Rewriting with the rules of `rules/simplify.rules`, to a form in which none of them fires.

Enters: an expression.  Leaves: an equal expression, and on request the trace of the rules that fired.  Always holds:
it ends (each pass is linear, their number is limited).  Not for: the order of computation (`plan/`).
"""

from __future__ import annotations

import functools
import itertools
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...grammar import syntax
from ..language.elaborate import Elaborator, Identity, Value
from ..language.sizes import Restart, Sizes
from ..tensor import algebra
from ..tensor.dims import Dim
from ..tensor.expr import Atom, Contract, Expr, Map, Reduce, Shape, Sum, Symbol, symbol
from ..tensor.properties import PREDICATES
from .factor import factored, merged_diagonal
from .match import ELEMENTS, Binding, match, match_inside, match_sum
from .rulebook import rulebook

MOST_PASSES = 60

Terms = tuple[tuple[Fraction, Expr], ...]


@dataclass(frozen=True)
class Step:
    """One rule that fired: what stood there before and after."""

    rule: str
    before: Expr
    after: Expr


@dataclass(frozen=True)
class CompiledRule:
    """A rule ready for matching; `heads` are the functions that must occur directly in what it matches.

    Where the pattern's normal form is the transpose of `pattern`, `transposed` is set: then the right side is too.
    """

    name: str
    pattern: Expr
    right: syntax.Node
    conditions: tuple[syntax.Call, ...]
    heads: frozenset[str]
    transposed: bool


_normal: weakref.WeakSet[Expr] = weakref.WeakSet()


def simplify(expression: Expr, trace: Callable[[Step], None] | None = None) -> Expr:
    """The expression rewritten until no rule fires."""
    return _rewritten(expression, trace) if trace is not None else _simplified(expression)


@functools.lru_cache(maxsize=512)  # a function and its gradient are simplified for each of their derivatives
def _simplified(expression: Expr) -> Expr:
    return _rewritten(expression, None)


def _rewritten(expression: Expr, trace: Callable[[Step], None] | None) -> Expr:
    for _ in range(MOST_PASSES):
        rewritten = _one_pass(expression, trace, MOST_PASSES)
        if rewritten is expression:
            break
        expression = rewritten
    return expression


def _one_pass(root: Expr, trace: Callable[[Step], None] | None, depth: int) -> Expr:
    """Every node rewritten; what a rule makes is rewritten at once, so that what stands above is rebuilt only once."""
    results: dict[Expr, Expr] = {}
    for current in _unsettled(root):
        operands = tuple(results.get(o, o) for o in current.operands)
        unchanged = all(a is b for a, b in zip(operands, current.operands, strict=True))
        built = current if unchanged else algebra.with_operands(current, operands)
        results[current] = built
        if built in _normal:
            continue
        step = next(rewrites(built), None)
        if step is None:
            if all(operand in _normal for operand in built.operands):
                _normal.add(built)
        else:
            if trace is not None:
                trace(step)
            results[current] = _one_pass(step.after, trace, depth - 1) if depth else step.after
    return results.get(root, root)


def _unsettled(root: Expr) -> list[Expr]:
    """The nodes below the root that are not known to be in normal form, operands first; those that are have only
    operands that are."""
    order: list[Expr] = []
    seen: set[Expr] = set()
    stack: list[tuple[Expr, bool]] = [(root, False)]
    while stack:
        current, done = stack.pop()
        if done:
            order.append(current)
        elif current not in seen and current not in _normal:
            seen.add(current)
            stack.append((current, True))
            stack.extend((operand, False) for operand in reversed(current.operands))
    return order


def rewrites(expression: Expr) -> Iterator[Step]:
    """What each rule that fires at the root of the expression makes of it."""
    heads = _heads(expression)
    for rule in compiled_rules().get(_root(expression), ()):
        if rule.heads <= heads and _possible(rule, expression):
            after = apply(rule, expression)
            if after is not None and after is not expression:
                yield Step(rule.name, expression, after)
    if isinstance(expression, Sum):
        after = factored(expression)
        if after is not None:
            yield Step("common-factor", expression, after)
    if isinstance(expression, Contract):
        after = merged_diagonal(expression)
        if after is not None:
            yield Step("diagonal-of-sum", expression, after)


def _possible(rule: CompiledRule, expression: Expr) -> bool:
    """Whether some operand fulfils each condition on a factor of the pattern: cheaper to see than a match."""
    factors = {f.name for f in rule.pattern.operands if isinstance(f, Symbol)}
    return all(
        any(PREDICATES[c.name](operand) for operand in expression.operands)
        for c in rule.conditions
        for argument in c.arguments
        if isinstance(argument, syntax.Name) and argument.id in factors and isinstance(rule.pattern, Contract)
    )


def apply(rule: CompiledRule, expression: Expr) -> Expr | None:
    """The expression after the rule, or None where it does not fire."""
    pattern = rule.pattern
    if isinstance(pattern, Contract) and isinstance(expression, Contract):
        for found in match_inside(pattern, expression, {}):
            if _holds(rule, found.binding):
                shape = tuple(expression.sizes[label] for label in found.outputs)
                right = _right(rule, found.binding, shape)
                factors = [*found.rest, (right, found.outputs)]
                used = {label for _, at in factors for label in at} | set(range(expression.order))
                sizes = {label: expression.sizes[label] for label in used}
                return algebra.contract(factors, range(expression.order), sizes)
        return None
    if isinstance(pattern, Sum) and isinstance(expression, Sum):
        for core, axes, others in _cores(expression, pattern):
            for binding, rest, ratio in match_sum(pattern, core, {}, whole=False):
                if _holds(rule, binding):
                    made = algebra.add([*rest, (ratio, _right(rule, binding, core.shape))], core.shape)
                    sizes = dict(enumerate(expression.shape))
                    spread = algebra.contract([(made, axes)], range(expression.order), sizes)
                    return algebra.add([(Fraction(1), spread), *others], expression.shape)
        return None
    for binding in match(pattern, expression, {}):
        if _holds(rule, binding):
            return _right(rule, binding, expression.shape)
    return None


def _cores(expression: Sum, pattern: Sum) -> Iterator[tuple[Sum, tuple[int, ...], Terms]]:
    """The sum itself, and for a pattern of lower order the sums of the terms that are constant along the axes that it
    lacks: without these, with the axes that are left and the other terms."""
    yield expression, tuple(range(expression.order)), ()
    if any(size.name == ELEMENTS for size in pattern.shape):
        return
    for axes in itertools.combinations(range(expression.order), pattern.order):
        if len(axes) == expression.order:
            return
        constant, others = [], []
        for c, term in expression.terms:
            if isinstance(term, Contract) and _constant_but_along(axes, term):
                sizes = {k: size for k, size in enumerate(term.sizes) if k in axes or k >= term.order}
                constant.append((c, algebra.contract(term.factors, axes, sizes)))
            else:
                others.append((c, term))
        core = algebra.add(constant, tuple(expression.shape[k] for k in axes))
        if isinstance(core, Sum) and len(core.terms) > 1:
            yield core, axes, tuple(others)


def _constant_but_along(axes: tuple[int, ...], term: Contract) -> bool:
    """Whether no factor has another axis of the result than these."""
    return all(label in axes or label >= term.order for _, at in term.factors for label in at)


def _holds(rule: CompiledRule, binding: Binding) -> bool:
    for condition in rule.conditions:
        (argument,) = condition.arguments
        assert isinstance(argument, syntax.Name)
        if not PREDICATES[condition.name](binding[argument.id]):
            return False
    return True


def _right(rule: CompiledRule, binding: Binding, shape: Shape) -> Expr:
    names: dict[str, Value] = dict(binding)
    scope = Elaborator(None, {}, Sizes(), names, {})
    value = scope.value(rule.right)
    if isinstance(value, Identity):
        return algebra.product(value.scale, algebra.delta(shape[0]))
    right = scope.expression(value, rule.right)
    if rule.transposed:
        right = algebra.transpose(right)
    return right if right.shape == shape or right.order else algebra.constant_tensor(right, shape)


def _root(expression: Expr) -> str:
    match expression:
        case Map() | Atom() | Reduce():
            return expression.function
        case Contract():
            return "contract"
        case Sum():
            return "sum"
    return ""


def _heads(expression: Expr) -> frozenset[str]:
    inside = expression.operands
    if isinstance(expression, Sum):  # a term may be a lower one that is broadcast
        inside += tuple(f for o in inside if isinstance(o, Contract) and len(o.factors) == 1 for f in o.operands)
    return frozenset(filter(None, map(_root, inside))) | {_root(expression)}


@functools.cache
def compiled_rules() -> dict[str, tuple[CompiledRule, ...]]:
    """The rules by the root of their patterns, in the order of the file."""
    rules: dict[str, list[CompiledRule]] = {}
    for rule in rulebook().rules.values():
        compiled = compile_rule(rule)
        rules.setdefault(_root(compiled.pattern), []).append(compiled)
    return {root: tuple(found) for root, found in rules.items()}


def compile_rule(rule: syntax.Rule) -> CompiledRule:
    """The rule with its left side as a pattern."""
    pattern = pattern_of(rule.left)
    transposed = isinstance(pattern, Contract) and len(pattern.factors) == 1 and pattern.factors[0][1] == (1, 0)
    if transposed:
        pattern = pattern.operands[0]
    if isinstance(pattern, Contract | Sum):
        heads = frozenset(_root(o) for o in pattern.operands if isinstance(o, Map | Atom | Reduce))
    else:
        heads = frozenset({_root(pattern)})
    return CompiledRule(rule.name, pattern, rule.right, rule.conditions, heads, transposed)


def pattern_of(left: syntax.Node, role: str = "wild") -> Expr:
    """The left side of a rule as an expression in wild symbols, whose orders follow from their letters."""
    names = dict.fromkeys(
        n.id for n in syntax.postorder(left) if isinstance(n, syntax.Name) and n.id not in ("I", "pi", "n")
    )
    sizes = Sizes()
    while True:
        sizes.open.clear()
        bound: dict[str, Value] = {name: symbol(name, _wild_shape(name, sizes), (), role) for name in names}
        scope = Elaborator(None, {}, sizes, bound, {"n": Dim.of("n")})
        try:
            return scope.expression(scope.value(left), left)
        except Restart:
            continue


def _wild_shape(name: str, sizes: Sizes) -> Shape:
    if name[0].isupper():
        return (sizes.fresh(f"{name}?0"), sizes.fresh(f"{name}?1"))
    if name in ("a", "b", "c"):
        return ()
    return (sizes.fresh(f"{name}?0") if name in ("u", "v", "w") else Dim.of(ELEMENTS),)
