"""timm without torch's compiler, and networks of which only the shapes are wanted: what makes a cold start short.

    from sightline.models.lean import timm          # every file takes it from here

timm imports torchvision, and one line there, for an operation that classifiers never use, imports torch._dynamo: five
of the fourteen seconds of processor time before `predict` answered. While timm is imported here, a stand-in takes the
compiler's place. It holds the two names that are asked for, brings the compiler in for any other, and goes away again;
whoever compiles a network later gets the real one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import import_module
from types import ModuleType
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_COMPILER = "torch._dynamo"
_UTILS = f"{_COMPILER}.utils"
_RANDOM = {"normal_", "uniform_", "bernoulli_", "erfinv_"}  # methods of tensors


@contextmanager
def without_compiler() -> Iterator[None]:
    """Keep torch._dynamo from being loaded by the imports inside, where it is not loaded yet."""
    if _COMPILER in sys.modules:
        yield
        return
    stand_ins = {_COMPILER: ModuleType(_COMPILER), _UTILS: ModuleType(_UTILS)}
    stand_ins[_COMPILER].disable = _disable  # type: ignore[attr-defined]  # a module takes any name
    stand_ins[_UTILS].is_compile_supported = _is_compile_supported  # type: ignore[attr-defined]
    for name, module in stand_ins.items():
        module.__getattr__ = _real(name, stand_ins)  # type: ignore[method-assign]  # PEP 562
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        _remove(stand_ins)


def _remove(stand_ins: dict[str, ModuleType]) -> None:
    for name, module in stand_ins.items():
        if sys.modules.get(name) is module:
            del sys.modules[name]


def _real(name: str, stand_ins: dict[str, ModuleType]) -> Callable[[str], Any]:
    """What answers for a name that a stand-in does not hold: the compiler itself."""

    def find(wanted: str) -> Any:
        if wanted.startswith("__"):  # the import system's own questions
            raise AttributeError(wanted)
        _remove(stand_ins)
        return getattr(import_module(name), wanted)

    return find


def _is_compile_supported(device: str) -> bool:
    return bool(import_module(_UTILS).is_compile_supported(device))


def _disable(fn: Callable[..., Any] | None = None, recursive: bool = True, **how: Any) -> Any:
    """What `torch.compiler.disable` makes of a function: the mark is the one by which the compiler knows it."""
    if fn is None:
        return lambda later: _disable(later, recursive, **how)

    @wraps(fn)
    def left_alone(*args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)

    left_alone._torchdynamo_disable = True  # type: ignore[attr-defined]
    return left_alone


class Unfilled(TorchFunctionMode):
    """Leaves tensors as they are where they would be filled with random values."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        if name in _RANDOM or (getattr(func, "__module__", "") == "torch.nn.init" and name.endswith("_")):
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))


@contextmanager
def shapes_only() -> Iterator[None]:
    """Build networks inside on torch's meta device: names and shapes, no values, and no library to draw them with."""
    with torch.device("meta"), Unfilled():
        yield


with without_compiler():
    import timm

__all__ = ["Unfilled", "shapes_only", "timm", "without_compiler"]
