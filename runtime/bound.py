"""Functions with data fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .function import Function


class BoundFunction:
    """The function of the remaining parameters."""

    def __init__(self, function: Function, data: Mapping[str, Any], fast: bool) -> None:
        self._function, self._data = function, dict(data)

    def __call__(self, *arguments: Any, out: Any = None) -> Any:
        rest = [p for p in self._function.parameters if p not in self._data]
        return self._function(out=out, **self._data, **dict(zip(rest, arguments, strict=True)))
