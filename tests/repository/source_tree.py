"""The package's source files with the names they are imported by, for the tests of the tree itself.

What leaves: `MODULES`, each .py file of the package by its dotted name, and `imports`, the modules a file imports. Read
from the disk when this is imported; nothing is executed. Not for the tests, benchmarks and examples, which are users of
the package.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = ("grammar", "compiler", "runtime", "matgrad")  # each may import itself and those before it


def dotted_name(path: Path) -> str:
    """The name a file is imported by: compiler/rules/table.py -> matgrad.compiler.rules.table."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] != "matgrad":
        parts = ("matgrad", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {dotted_name(path): path for layer in LAYERS for path in sorted((ROOT / layer).rglob("*.py"))}


def layer_of(module: str) -> str:
    """The layer of a dotted name: matgrad.compiler.shapes -> compiler; what is in no other layer is the front door."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in LAYERS[:-1] else "matgrad"


def import_statements(path: Path, *, loading: bool = False) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a file, wherever they stand in it; with `loading` those that run when it is loaded."""
    pending: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"), filename=str(path))]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        for_types = isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if not (loading and (for_types or later)):
            pending.extend(ast.iter_child_nodes(node))


def imports(module: str, *, loading: bool = False) -> set[str]:
    """The modules of the package that a module imports with relative imports; with `loading` as it is loaded."""
    path = MODULES[module]
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found = set()
    for node in import_statements(path, loading=loading):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:  # `from .x import y` names a module x.y, or something within the module x
                inner = f"{target}.{alias.name}"
                found.add(inner if inner in MODULES else target)
    return found
