"""From the options of `minimize` to the arguments of a function.

Enters: a function, and the options that say where its data are.  Leaves: arrays by parameter.  Always holds: a
parameter that gets no value, or two, is a usage error.  Not for: reading files (`tables.py`).

A table (`--data FILE.csv`) becomes parameters like this: the columns named by `--target` are the parameter that is a
vector, or the one that is named with them; all others, without those of `--drop`, are the columns of the parameter that
is a matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..grammar.errors import FileError
from .inputs import known, listing
from .tables import Table, finite, load_numpy, read_array, read_table

if TYPE_CHECKING:
    from ..runtime.function import Function

Array = Any


@dataclass(frozen=True)
class DataOptions:
    """The options, as they were typed."""

    files: Sequence[str] = ()
    targets: Sequence[str] = ()
    features: str | None = None
    drop: Sequence[str] = ()
    standardize: bool = False
    intercept: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


def collect(function: Function, variables: Sequence[str], options: DataOptions) -> dict[str, Array]:
    """The values of the parameters that are not variables.

    Raises click.UsageError where the options do not say which parameter is meant, FileError for what cannot be read.
    """
    orders = {p.name: len(p.shape) for p in function.definition().parameters}
    data: dict[str, Array] = {}
    for name, value in options.values.items():
        _put(data, orders, variables, name, value)
    tables = []
    for text in options.files:
        name, sign, path = text.partition("=")
        if sign and name.isidentifier() and not Path(text).exists():
            known(name, list(orders), "parameter")
            _put(data, orders, variables, name, shaped(read_array(path, name), orders[name], f"{name} in {path}"))
        elif Path(text).suffix.lower() == ".npz":
            for name, array in load_numpy(text).items():
                if name in orders and name not in variables and name not in options.values:
                    _put(data, orders, variables, name, finite(array, f"{name} in {text}"))
        elif Path(text).suffix.lower() == ".npy":
            raise click.UsageError(
                f"which parameter is {text}? Write --data NAME={text}{listing('parameters', list(orders))}"
            )
        else:
            tables.append(text)
    if len(tables) > 1:
        raise click.UsageError(f"one table at a time: {' and '.join(tables)}\n  write --data NAME=FILE for the others")
    if tables:
        free = {name: order for name, order in orders.items() if name not in variables and name not in data}
        data |= from_table(read_table(tables[0]), free, options)
    elif options.targets or options.drop or options.features or options.standardize or options.intercept:
        raise click.UsageError(
            "--target, --features, --drop, --standardize and --intercept are about a table: --data FILE.csv"
        )
    missing = [name for name in orders if name not in data and name not in variables]
    if missing:
        ways = [f"--set {missing[0]}=NUMBER", f"--data {missing[0]}=FILE", f"--var {missing[0]}"]
        if tables and orders[missing[0]] == 1:
            ways.insert(0, f"--target {missing[0]}=COLUMN")
        raise click.UsageError(f"the parameter {missing[0]} has no value\n  give it one: {' or '.join(ways)}")
    return {name: data[name] for name in orders if name in data}


def _put(data: dict[str, Array], orders: Mapping[str, int], variables: Sequence[str], name: str, value: Any) -> None:
    known(name, list(orders), "parameter")
    if name in variables:
        raise click.UsageError(f"{name} is a variable\n  the value at which it starts is given with --start {name}=...")
    if name in data:
        raise click.UsageError(f"{name} is given twice")
    data[name] = value


def from_table(table: Table, free: Mapping[str, int], options: DataOptions) -> dict[str, Array]:
    """The parameters that the columns of a table give; `free` are the orders of those without a value."""
    data: dict[str, Array] = {}
    left = [k for k in range(table.width) if k not in {table.position(column) for column in options.drop}]
    for target in options.targets:
        name, sign, columns = target.rpartition("=")
        if not sign:
            name = _only(free, 1, f"--target NAME={columns}", data)
        known(name, [other for other in free if other not in data], "parameter without a value")
        positions = [table.position(column.strip()) for column in columns.split(",")]
        left = [k for k in left if k not in positions]
        data[name] = shaped(table.numbers(positions), free[name], f"{columns} in {table.file}")
    rest = {name: order for name, order in free.items() if name not in data}
    if not left:
        return data
    if not rest and not options.features:
        raise click.UsageError(
            f"no parameter is left for the columns of {table.file}\n"
            "  leave them out with --drop, or name the parameter with --target NAME=COLUMN"
        )
    name = options.features or _only(rest, 2, "--features NAME", data)
    known(name, list(rest), "parameter without a value")
    data[name] = shaped(features(table, left, options), rest[name], f"the columns of {table.file}")
    return data


def _only(free: Mapping[str, int], order: int, option: str, taken: Mapping[str, Any]) -> str:
    """The only parameter of this order that has no value."""
    names = [name for name, o in free.items() if o == order and name not in taken]
    if len(names) == 1:
        return names[0]
    kind = "vector" if order == 1 else "matrix"
    raise click.UsageError(
        f"which parameter is meant? {'No' if not names else 'More than one'} {kind} is without a value\n"
        f"  write {option}{listing('parameters without a value', list(free))}"
    )


def features(table: Table, positions: list[int], options: DataOptions) -> Array:
    """Columns as a matrix: standardized to mean 0 and variance 1, with a last column of ones, where that is asked."""
    import numpy as np

    matrix = table.numbers(positions)
    if options.standardize:
        spread = matrix.std(axis=0)
        constant = np.flatnonzero(spread <= 1e-14 * np.abs(matrix).max(axis=0, initial=0.0))
        if len(constant):
            number = positions[int(constant[0])]
            column = table.header[number] if table.header else f"{number + 1}"
            raise FileError(
                f"the column {column} of {table.file} is constant: it cannot be standardized",
                hint=f"leave it out: --drop {column}",
            )
        matrix = (matrix - matrix.mean(axis=0)) / spread
    if options.intercept:
        matrix = np.hstack([matrix, np.ones((len(matrix), 1))])
    return matrix


def shaped(array: Array, order: int, what: str) -> Array:
    """The array as a scalar, vector or matrix: of a table of one row or column, the numbers in it."""
    if array.ndim == order:
        return array
    if order == 0 and array.size == 1:
        return float(array.reshape(()))
    if order == 1 and array.ndim == 2 and 1 in array.shape:
        return array.ravel()
    kinds = ("a scalar", "a vector", "a matrix")
    wanted = kinds[order] if order < 3 else f"a tensor of {order} indices"
    raise FileError(f"{what} is no {wanted[2:]}", found=f"its shape is {array.shape}", needed=wanted)
