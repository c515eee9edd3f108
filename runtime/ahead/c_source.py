"""The C source of a shared library: the functions that stand between C and the kernels.

Enters: targets and what their object code needs.  Leaves: a text in C.  Always holds: arguments are checked before a
kernel sees them; the level of the CPU is chosen when the library is loaded.  Not for: what C code may rely on
(`c_header.py`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from .c_header import STATUSES, failures, prototype, workspace_prototype
from .objects import LEVELS, Compiled
from .targets import Target

SMALL = 4096  # bytes of workspace on the stack


def source(stem: str, targets: Sequence[Target], compiled: Compiled, levels: Sequence[str], stamp: str) -> str:
    """The C source of a library, without the kernels."""
    lines = [
        f'#include "{stem}.h"',
        "#include <stdlib.h>",
        "#include <string.h>",
        "",
        f"const char {stem}_library_stamp[] = {json.dumps(stamp)};",
        "",
        "typedef int64_t (*kernel_function)(int64_t *);",
    ]
    functions = [
        line for k, t in enumerate(targets) for line in _function_source(stem, t, k, failures(targets), compiled)
    ]
    for name, sign in (("min", "<"), ("max", ">")):
        if any(f"{name}(" in line for line in functions):
            lines.append(f"static int64_t {name}(int64_t a, int64_t b) {{ return a {sign} b ? a : b; }}")
    symbols = [compiled.symbols[t.name] for t in targets]
    lines += [f"extern int64_t {s}_{LEVELS[v]}(int64_t *);" for s in symbols for v in levels]
    lines.append(f"static const kernel_function kernels[][{len(levels)}] = {{")
    lines += [f"    {{{', '.join(f'{s}_{LEVELS[v]}' for v in levels)}}}," for s in symbols]
    lines += ["};", "", *_routine_source(stem, compiled), *_level_source(stem, levels)]
    texts = failures(targets)
    lines += [
        f"const char *{stem}_library_message(int status)",
        "{",
        "    switch (status) {",
        '    case 0: return "success";',
        *(f"    case {k}: return {json.dumps(text)};" for k, (_, text) in STATUSES.items()),
        *(f"    case {k}: return {json.dumps(text)};" for k, text in enumerate(texts, 1)),
        "    }",
        '    return "unknown status";',
        "}",
        "",
        f"uint64_t {stem}_library_abi(void) {{ return {stem.upper()}_ABI; }}",
        "",
        *_RUN.replace("UPPER", stem.upper()).replace("SMALL", str(SMALL)).splitlines(),
        "",
    ]
    return "\n".join([*lines, *functions])


_RUN = """static int64_t query(int function, int64_t *table)
{
    if (level < 0)
        return UPPER_CPU;
    table[0] = 0;
    return kernels[function][level](table) == 0 ? 0 : UPPER_SIZES;
}

static int run(int function, int64_t *table, int bytes, void *workspace, const int *failures)
{
    char small[SMALL + 64];
    void *memory = NULL;
    int64_t status = query(function, table);
    if (status != 0)
        return (int)status;
    if (workspace == NULL && table[bytes] <= SMALL)
        workspace = small;
    if (workspace == NULL) {
        workspace = memory = malloc((size_t)table[bytes] + 64);
        if (memory == NULL)
            return UPPER_MEMORY;
    }
    table[0] = ((int64_t)(intptr_t)workspace + 63) & -64;
    status = kernels[function][level](table);
    free(memory);
    return status > 0 ? failures[status - 1] : (int)status;
}"""


def _routine_source(stem: str, compiled: Compiled) -> list[str]:
    """The table of routines, and a function for each under the name by which kernels call it."""
    from .. import blas

    routines = sorted(compiled.arities)
    names = ", ".join([*(json.dumps(r) for r in routines), "NULL"])
    lines = [
        f"static const char *const routine_names[] = {{{names}}};",
        f"static void (*routines[{max(len(routines), 1)}])(void);",
        "",
        f"const char *{stem}_library_routine(int k)",
        "{",
        f"    return k < 0 || k > {len(routines)} ? NULL : routine_names[k];",
        "}",
        "",
        f"int {stem}_library_set_routine(const char *name, void (*routine)(void))",
        "{",
        "    for (int k = 0; routine_names[k] != NULL; k++)",
        "        if (strcmp(name, routine_names[k]) == 0) {",
        "            routines[k] = routine;",
        "            return 0;",
        "        }",
        f"    return {stem.upper()}_ROUTINE;",
        "}",
        "",
    ]
    for k, routine in enumerate(routines):
        # Fortran takes the lengths of characters behind the arguments; who does not want them does not see them.
        count, lengths = compiled.arities[routine], 4
        declared = ", ".join(f"void *a{i}" for i in range(count))
        passed = ", ".join([*(f"a{i}" for i in range(count)), *["(size_t)1"] * lengths])
        kinds = ", ".join(["void *"] * count + ["size_t"] * lengths)
        lines += [
            f'__attribute__((visibility("hidden"))) void {blas.symbol(routine)}({declared})',
            "{",
            f"    ((void (*)({kinds}))routines[{k}])({passed});",
            "}",
            "",
        ]
    return lines


def _level_source(stem: str, levels: Sequence[str]) -> list[str]:
    """The choice between the variants."""
    tests = {
        "x86-64-v2": ("sse3", "ssse3", "sse4.1", "sse4.2", "popcnt"),
        "x86-64-v3": ("avx", "avx2", "fma", "bmi", "bmi2"),
        "x86-64-v4": ("avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"),
    }
    lines = ["static int supported(int k)", "{"]
    if any(v in tests for v in levels):
        lines.append("    __builtin_cpu_init();")
    for k, level in enumerate(levels):
        needed = [f for v in tests if v <= level for f in tests[v]] if level in tests else []
        text = " && ".join(f'__builtin_cpu_supports("{f}")' for f in needed) or "1"
        lines.append(f"    if (k == {k})\n        return {text};")
    lines += [
        "    return 0;",
        "}",
        "",
        f"static const int levels[] = {{{', '.join(str(LEVELS[v]) for v in levels)}}};",
        "static int level = -1;",
        "",
        "__attribute__((constructor)) static void choose(void)",
        "{",
        f"    for (int k = 0; k < {len(levels)}; k++)",
        "        if (supported(k))",
        "            level = k;",
        "}",
        "",
        f"int {stem}_library_cpu(int wanted)",
        "{",
        f"    for (int k = 0; k < {len(levels)}; k++)",
        "        if (wanted != 0 && levels[k] == wanted && supported(k)) {",
        "            level = k;",
        "            return wanted;",
        "        }",
        f"    return wanted == 0 && level >= 0 ? levels[level] : {stem.upper()}_CPU;",
        "}",
        "",
    ]
    return lines


def _function_source(stem: str, target: Target, number: int, texts: Sequence[str], compiled: Compiled) -> list[str]:
    """The functions of one target."""
    places, names, upper = target.layout, target.names, stem.upper()
    inputs = list(zip(target.program.inputs, target.parameters, strict=True))
    sizes: list[str] = []
    addresses: list[str] = []
    checks = [f"{size} < 0" for size in target.sizes]
    nulls: list[str] = []
    for k, (buffer, name) in enumerate(inputs):
        texts_of = [names.dim(d) for d in buffer.shape]
        checks += [
            f"{text} < 0" for text, d in zip(texts_of, buffer.shape, strict=True) if d.value is None and not d.name
        ]
        sizes += [f"    table[{s}] = {text};" for s, text in zip(places.input_sizes[k], texts_of, strict=True)]
        reference = name if buffer.shape else f"&{name}"
        if buffer.dtype == "int":
            sizes.append(f"    table[{places.inputs[k]}] = (int64_t)(intptr_t){reference};")
        else:
            addresses.append(f"    table[{places.inputs[k]}] = (int64_t)(intptr_t){reference};")
        if buffer.shape:
            nulls.append(" && ".join([f"{name} == NULL", *(f"{t} != 0" for t in texts_of)]))
    for k, name in enumerate(target.results):
        addresses.append(f"    table[{places.outputs[k]}] = (int64_t)(intptr_t){name};")
        shape = [names.dim(d) for d in target.program.outputs[k].shape]
        nulls.append(" && ".join([f"{name} == NULL", *(f"{t} != 0" for t in shape)]))
    refuse = [f"    if ({' || '.join(checks)})", f"        return {upper}_SIZES;"] if checks else []
    missing = [
        f"    if (routines[{k}] == NULL)\n        return {upper}_ROUTINE;"
        for k, routine in enumerate(sorted(compiled.arities))
        if routine in compiled.routines[target.name]
    ]
    local = [str(1 + texts.index(f)) for f in target.program.failures] or ["0"]
    return [
        f"{workspace_prototype(stem, target)}",
        "{",
        f"    int64_t table[{places.length}] = {{0}}, status;",
        *refuse,
        *sizes,
        f"    status = query({number}, table);",
        f"    return status != 0 ? status : table[{places.bytes}] + 64;",
        "}",
        "",
        f"{prototype(stem, target)}",
        "{",
        f"    static const int failures[] = {{{', '.join(local)}}};",
        f"    int64_t table[{places.length}] = {{0}};",
        *refuse,
        f"    if ({' || '.join(f'({n})' for n in nulls)})",
        f"        return {upper}_NULL;",
        *missing,
        *sizes,
        *addresses,
        f"    return run({number}, table, {places.bytes}, workspace, failures);",
        "}",
        "",
    ]
