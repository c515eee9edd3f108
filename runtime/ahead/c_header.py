"""The header of a shared library: all that C code may rely on.

Enters: targets and what their object code needs.  Leaves: a text in C, for people too.  Always holds: it carries a
number by which a header and a library are known to fit.  Not for: the functions themselves (`c_source.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .objects import LEVELS, Compiled
from .targets import Target

# Statuses besides 0 and the numbers of failed requirements.
STATUSES = {
    -1: ("SIZES", "a size is negative, or sizes do not fit together"),
    -2: ("NULL", "an array is NULL"),
    -3: ("MEMORY", "there is no memory for the workspace"),
    -4: ("ROUTINE", "a BLAS or LAPACK routine was not set"),
    -5: ("CPU", "the library was not built for this CPU"),
}


def function_name(stem: str, target: Target) -> str:
    """The C name of a target: it begins with the file's name."""
    return target.name if target.name == stem or target.name.startswith(f"{stem}_") else f"{stem}_{target.name}"


def failures(targets: Sequence[Target]) -> list[str]:
    """All requirements that can fail: the k-th has status k + 1."""
    return list(dict.fromkeys(f for t in targets for f in t.program.failures))


def shape_text(target: Target, k: int) -> str:
    """The shape of the k-th output, as a reader of C sees it."""
    return "".join(f"[{target.names.dim(d)}]" for d in target.program.outputs[k].shape)


def _input_declarations(target: Target) -> list[str]:
    declared = [f"int64_t {size}" for size in target.sizes]
    for buffer, name in zip(target.program.inputs, target.parameters, strict=True):
        if buffer.dtype == "int":
            declared.append(f"int64_t {name}")
        else:
            declared.append(f"const double *{name}" if buffer.shape else f"double {name}")
    return declared


def prototype(stem: str, target: Target) -> str:
    """The declaration of a target's function."""
    declared = [*_input_declarations(target), *(f"double *{name}" for name in target.results), "void *workspace"]
    return f"int {function_name(stem, target)}({', '.join(declared)})"


def workspace_prototype(stem: str, target: Target) -> str:
    """The declaration of the function that tells the size of its workspace."""
    names = [f"int64_t {size}" for size in target.sizes]
    names += [f"int64_t {n}" for b, n in zip(target.program.inputs, target.parameters, strict=True) if b.dtype == "int"]
    return f"int64_t {function_name(stem, target)}_workspace({', '.join(names) or 'void'})"


def _comment(target: Target) -> list[str]:
    lines = [f"/* {target.name}", " *"]
    lines += [f" *     {line}".replace("*/", "* /").rstrip() for line in target.formula.splitlines()]
    lines.append(" *")
    for buffer, name in zip(target.program.inputs, target.parameters, strict=True):
        shape = "".join(f"[{target.names.dim(d)}]" for d in buffer.shape)
        lines.append(f" * {name}{shape}: {'an integer' if buffer.dtype == 'int' else 'in'}")
    for k, name in enumerate(target.results):
        lines.append(f" * {name}{shape_text(target, k)}: out")
    return [*lines, " */"]


def header(stem: str, targets: Sequence[Target], compiled: Compiled, levels: Sequence[str], stamp: str) -> str:
    """The header of a library."""
    upper = stem.upper()
    routines = sorted(compiled.arities)
    body = [
        "#include <stddef.h>",
        "#include <stdint.h>",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* Arrays are contiguous, with the last index running fastest; arrays of size 0 may be NULL. The functions",
        " * may be called from several threads at once. `workspace` is NULL, or memory of NAME_workspace(...) bytes",
        " * that no other call uses meanwhile. The results must not overlap the arguments; after a status other than",
        " * 0 they are undefined.",
        " *",
        " * A function returns 0, or one of these: */",
    ]
    body += [f"#define {upper}_{name} ({number}) /* {text} */" for number, (name, text) in STATUSES.items()]
    body += [f"/* {k}: {text.replace('*/', '* /')} */" for k, text in enumerate(failures(targets), 1)]
    for target in targets:
        body += ["", *_comment(target), f"{prototype(stem, target)};", f"{workspace_prototype(stem, target)};"]
    body += [
        "",
        "/* The text of a status. */",
        f"const char *{stem}_library_message(int status);",
        "",
        "/* The level of the CPU in use: " + ", ".join(f"{LEVELS[v]} for {v}" for v in levels) + ";",
        f" * with one of these numbers it is used from then on; {upper}_CPU if this CPU or this library lacks it. */",
        f"int {stem}_library_cpu(int level);",
        "",
        f"/* {upper}_ABI of the header that the library was built with. */",
        f"uint64_t {stem}_library_abi(void);",
        "",
    ]
    body += _routine_lines(stem, routines)
    digest = hashlib.sha256("\n".join(body).encode()).hexdigest()[:15]
    return "\n".join(
        [
            f"/* Functions compiled by matgrad; see {stem}_library_abi. Do not edit.",
            f" * {stamp} */",
            f"#ifndef MATGRAD_{upper}_H",
            f"#define MATGRAD_{upper}_H",
            "",
            f"#define {upper}_ABI 0x{digest}ULL",
            "",
            *body,
            "/* Whether this header and the library that is linked fit together. */",
            f"static inline int {stem}_library_fits(void)",
            "{",
            f"    return {stem}_library_abi() == {upper}_ABI;",
            "}",
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "",
            "#endif",
            "",
        ]
    )


def _routine_lines(stem: str, routines: Sequence[str]) -> list[str]:
    from .. import blas

    integer = f"int{blas.integer_bits()}_t"
    lines = [
        "/* The k-th BLAS or LAPACK routine that the functions call, or NULL behind the last. */",
        f"const char *{stem}_library_routine(int k);",
        "",
        "/* Sets a routine, before the functions are called: the address of a Fortran routine (of all BLAS and LAPACK",
        f" * libraries, also those known by CBLAS) whose integers are {integer}. 0, or {stem.upper()}_ROUTINE for",
        " * a name that is not needed. */",
        f"int {stem}_library_set_routine(const char *name, void (*routine)(void));",
        "",
        "/* Sets all of them to the routines that the program is linked with (-lblas -llapack, -lopenblas, ...). */",
    ]
    if not routines:
        return [*lines, f"#define {stem.upper()}_USE_BLAS() ((void)0)", ""]
    calls = [f'{stem}_library_set_routine("{r}", (void (*)(void)){r}_)' for r in routines]
    return [
        *lines,
        f"#ifdef {stem.upper()}_WITH_BLAS",
        *(f"extern void {r}_(void);" for r in routines),
        f"#define {stem.upper()}_USE_BLAS() ({', '.join(calls)})",
        "#endif",
        "",
    ]
