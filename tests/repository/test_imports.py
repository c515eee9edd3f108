"""The import rules of the package: one way through the layers, relative inside, no cycles, a light front door."""

import ast
import graphlib
import subprocess
import sys

import pytest

from .source_tree import LAYERS, MODULES, ROOT, import_statements, imports, layer_of


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    allowed = LAYERS[: LAYERS.index(layer_of(module)) + 1]
    wrong = sorted(target for target in imports(module) if layer_of(target) not in allowed)
    assert not wrong, f"{module} is in {layer_of(module)} and may import only from {', '.join(allowed)}: {wrong}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_inside_the_package_are_relative(module: str) -> None:
    absolute = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in import_statements(MODULES[module])
        for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        if name and not getattr(node, "level", 0) and name.split(".")[0] in LAYERS
    ]
    assert not absolute, f"{MODULES[module].relative_to(ROOT)}: {absolute}"


def test_no_cycle_of_imports_while_loading() -> None:
    graph = {module: imports(module, loading=True) - {module} for module in MODULES}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the cycle


def test_import_loads_no_compiler_and_no_second_copy() -> None:
    program = (
        "import sys, matgrad\n"
        "print(*sorted({'numba', 'llvmlite', 'scipy', 'grammar', 'compiler', 'runtime'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
