#!/usr/bin/env python3
"""Set up and run matgrad from a checkout: `python3 dev.py demo`, `python3 dev.py test`, `python3 dev.py check`.

What enters: a command and a Python >= 3.11 that has nothing but its standard library; matgrad is set up for the Python
that runs this file. What leaves: a virtual environment in `.venv` (or in $MATGRAD_VENV) with matgrad installed in
editable form, and the exit status of what ran in it. It always holds that nothing outside the checkout and that
environment changes. Not for users of an installed matgrad: they have the command `matgrad`.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = Path(os.environ.get("MATGRAD_VENV", ROOT / ".venv")).absolute()
PYTHON = VENV / "bin" / "python"
PACKAGES = ("grammar", "compiler", "runtime")  # beside matgrad/ on disk, below it by name

USAGE = """\
python3 dev.py demo                   set up matgrad and fit a logistic regression to real data
python3 dev.py test [PYTEST OPTIONS]  set up matgrad and run the tests, two at a time
python3 dev.py check [NAME ...]       set up matgrad and run the developer checks, all of them or the named ones
python3 dev.py docs                   set up matgrad and build the site of its documentation in build/docs/html
python3 dev.py matgrad ARGUMENTS      set up matgrad and run its command line

The checks:"""


def run(*command: str | Path) -> int:
    """Run a command in the checkout and return its exit status."""
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode


def set_up(extra: str) -> None:
    """Make the virtual environment and install matgrad with `extra` into it, where that is not done already.

    One stamp file per extra says that it is; another pyproject.toml or another Python makes it stale.
    """
    stamp = VENV / f"matgrad-{extra or 'plain'}.stamp"
    content = f"{sys.version}\n{hashlib.sha256((ROOT / 'pyproject.toml').read_bytes()).hexdigest()}\n"
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == content:
        return
    make_environment()
    print(f"Installing matgrad into {VENV} (once; about a minute) ...", flush=True)
    target = f"{ROOT}[{extra}]" if extra else str(ROOT)
    status = run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "-e", target)
    if status:
        sys.exit(f"dev.py: pip could not install matgrad (its message is above; exit status {status})")
    stamp.write_text(content)


def make_environment() -> None:
    """Make `.venv` for the Python that runs this, or leave it alone where it is one of that version already."""
    probe = "import sys, pip; print(sys.version)"
    if PYTHON.exists():
        found = subprocess.run([str(PYTHON), "-c", probe], capture_output=True, text=True, check=False)
        if found.stdout.strip() == sys.version:
            return
    print(f"Making a virtual environment in {VENV} ...", flush=True)
    try:
        import ensurepip  # noqa: F401
    except ImportError:  # Debian and Ubuntu put it into a package of its own
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"dev.py: {sys.executable} cannot make virtual environments: its module `ensurepip` is missing.\n"
            f"  On Debian and Ubuntu, install it with:  apt-get install python{version}-venv\n"
            f"  Or run dev.py with another Python >= 3.11."
        )
    if run(sys.executable, "-m", "venv", "--clear", VENV):
        sys.exit(f"dev.py: could not make a virtual environment in {VENV} (the message is above)")


def demo() -> int:
    """Fit a logistic regression to the breast cancer data; print its gradient, the search, and the accuracy reached."""
    set_up("")
    command = ["matgrad", "minimize", "examples/logistic.mg", "--var", "w", "--set", "lam=0.01"]
    command += ["--data", "examples/data/breast_cancer.csv", "--target", "malignant", "--standardize", "--intercept"]
    command += ["--show", "accuracy = mean(where(X*w > 0, y, 1 - y))"]
    print(f"$ {shlex.join(command)}", flush=True)
    return run(PYTHON, "-m", *command)


def test(options: list[str]) -> int:
    """Run pytest in two processes, each with one BLAS thread, for two would fight over the cores."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    return run(PYTHON, "-m", "pytest", "-n", "2", *options)


def check_format() -> int:
    """every Python file is formatted (mend with: ruff format)"""
    return run(PYTHON, "-m", "ruff", "format", "--check", ".")


def check_lint() -> int:
    """ruff finds nothing to complain about"""
    return run(PYTHON, "-m", "ruff", "check", ".")


def check_types() -> int:
    """mypy --strict accepts the package, the site of its documentation, and this file

    mypy takes a module's name from its folder, so it reads a tree of links in which the packages stand below matgrad/.
    """
    tree = ROOT / "build" / "types" / "matgrad"
    tree.mkdir(parents=True, exist_ok=True)
    for old in tree.iterdir():
        old.unlink()
    for path in [*(ROOT / "matgrad").iterdir(), *(ROOT / package for package in PACKAGES)]:
        if path.name != "__pycache__":
            (tree / path.name).symlink_to(path)
    os.environ["MYPYPATH"] = str(tree.parent)
    command = [str(PYTHON), "-m", "mypy", "-p", "matgrad", "-p", "docs.site", "-m", "dev"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    report = found.stdout
    for package in PACKAGES:
        report = report.replace(f"build/types/matgrad/{package}/", f"{package}/")
    print(report.replace("build/types/matgrad/", "matgrad/") + found.stderr, end="", flush=True)
    return found.returncode


def check_tests() -> int:
    """the tests pass"""
    return test([])


CHECKS = {"format": check_format, "lint": check_lint, "types": check_types, "tests": check_tests}


def summary(check: str) -> str:
    """The first line of a check's docstring."""
    return (CHECKS[check].__doc__ or "").split("\n")[0]


def check(names: list[str]) -> int:
    """Run the named checks, or all; go on after one that fails, and close with a line for each."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        sys.exit(f"dev.py: there is no check {unknown[0]!r}; the checks are: {', '.join(CHECKS)}")
    set_up("dev")
    failed = {}
    for name in names or CHECKS:
        print(f"--- {name}: {summary(name)}", flush=True)
        failed[name] = CHECKS[name]()
    for name, status in failed.items():
        print(f"{'FAILED' if status else 'ok':7}{name}")
    return int(any(failed.values()))


def main(arguments: list[str]) -> int:
    """Run one of the commands of USAGE and return its exit status."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this file is what an older Python meets first
        sys.exit(f"dev.py: matgrad needs Python 3.11 or later; this is {sys.version.split()[0]} ({sys.executable})")
    command, *rest = arguments or ["help"]
    if command == "demo" and not rest:
        return demo()
    if command == "test":
        set_up("test")
        return test(rest)
    if command == "check":
        return check(rest)
    if command == "docs" and not rest:
        set_up("test")
        return run(PYTHON, "-m", "docs.site")
    if command == "matgrad":
        set_up("")
        return run(PYTHON, "-m", "matgrad", *rest)
    print(USAGE, *(f"    {name:8}{summary(name)}" for name in CHECKS), sep="\n")
    return 0 if command in ("help", "-h", "--help") else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
