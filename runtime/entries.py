"""The fast entries of one function: one for each kernel and class of sizes that was called lately.

Enters: compiled kernels.  Leaves: one callable.  Always holds: a call goes through the entries, newest first, until one
is made for its arguments; each that is not costs less than a tenth of a microsecond; a call for which there is none
goes to the slow one.  Not for: choosing a kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .signature import Limits

if TYPE_CHECKING:
    from .compiled import Compiled

_MOST = 16  # a function that meets more classes of sizes starts again


class Entries:
    """`first` is what to call."""

    def __init__(self, slow: Callable[..., Any]) -> None:
        self.slow = self.first = slow
        self._known: set[tuple[Compiled, tuple[Any, ...]]] = set()

    def add(self, kernel: Compiled, limits: Limits, fixed: Mapping[int, Any] | None = None) -> None:
        """Makes an entry for a kernel with sizes within limits, where there is none."""
        key = (kernel, tuple(sorted(limits.items())))
        if key in self._known:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
            self.first = self.slow
        self._known.add(key)
        self.first = kernel.entry(fixed, self.first, limits)
