"""Frozen slotted dataclasses whose methods are compiled when they are first called.

``dataclasses`` compiles six methods of each class when its module is imported, half a millisecond a class, while a
statement makes objects of one class in four and compares those of one in fifty. Modules with many classes take
:func:`dataclass` from here instead. To :func:`dataclasses.fields`, :func:`dataclasses.replace`, ``match`` and type
checkers the classes are those of ``dataclasses``; only a class that inherits from one has to come from here too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError
from typing import TYPE_CHECKING, Any


def frozen_slots(*, frozen: bool, slots: bool, eq: bool = True, **given: bool) -> Callable[[type], type]:
    """The decorator ``dataclasses.dataclass(frozen=True, slots=True, …)``, but for when methods are compiled."""
    assert frozen and slots, "other dataclasses are those of the standard library"

    def made(plain: type) -> type:
        assert not hasattr(plain, "__post_init__"), "nothing calls it here"
        plain.__doc__ = plain.__doc__ or plain.__name__  # else it is made of the signature, which takes long
        own = {name for name, value in vars(plain).items() if value is not None}  # __eq__ alone leaves __hash__ None
        cls: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, **given)(plain)
        for name in _WRITTEN if eq else ("__init__", "__repr__"):
            if name not in own:
                setattr(cls, name, _first(cls, name))
        for name, method in _SHARED.items():
            if name not in own:
                setattr(cls, name, method)
        return cls

    return made


def _first(cls: type, name: str) -> Callable[..., Any]:
    """The method until it is called: it then gives its place to the compiled one."""

    def call(self: Any, *args: Any, **named: Any) -> Any:
        method = _compiled(cls, name)
        setattr(cls, name, method)
        return method(self, *args, **named)

    return call


def _compiled(cls: type, name: str) -> Callable[..., Any]:
    found = dataclasses.fields(cls)
    head, body, known = _WRITTEN[name](found)
    known |= {f"_{f.name}_set": getattr(cls, f.name).__set__ for f in found}
    exec("\n ".join([f"def {name}({head}):", *body]), known)
    method: Callable[..., Any] = known[name]
    method.__qualname__, method.__module__ = f"{cls.__qualname__}.{name}", cls.__module__
    return method


_Fields = tuple[dataclasses.Field[Any], ...]
_Written = tuple[str, list[str], dict[str, Any]]
"""Arguments, lines, and the values they name."""


def _init(found: _Fields) -> _Written:
    assert all(f.init for f in found), "every field is an argument here"
    heads: dict[bool, list[str]] = {False: ["self"], True: ["*"]}
    lines, known = ["pass"], dict[str, Any](_MISSING=MISSING)
    for f in found:
        head, value = f.name, f.name
        if f.default_factory is not MISSING:
            known[f"_{f.name}_made"] = f.default_factory
            head, value = f"{f.name}=_MISSING", f"_{f.name}_made() if {f.name} is _MISSING else {f.name}"
        elif f.default is not MISSING:
            known[f"_{f.name}_default"] = f.default
            head = f"{f.name}=_{f.name}_default"
        heads[bool(f.kw_only)].append(head)
        lines.append(f"_{f.name}_set(self, {value})")
    return ", ".join(heads[False] + (heads[True] if len(heads[True]) > 1 else [])), lines, known


def _repr(found: _Fields) -> _Written:
    shown = ", ".join(f"{f.name}={{self.{f.name}!r}}" for f in found if f.repr)
    return "self", [f"return f'{{self.__class__.__qualname__}}({shown})'"], {}


def _eq(found: _Fields) -> _Written:
    left, right = (_values(of, (f for f in found if f.compare)) for of in ("self", "other"))
    return "self, other", [f"return {left} == {right} if other.__class__ is self.__class__ else NotImplemented"], {}


def _hash(found: _Fields) -> _Written:
    asked = (f for f in found if (f.compare if f.hash is None else f.hash))
    return "self", [f"return hash({_values('self', asked)})"], {}


def _values(of: str, found: Any) -> str:
    return f"({''.join(f'{of}.{f.name}, ' for f in found)})"


_WRITTEN: dict[str, Callable[[_Fields], _Written]] = {
    "__init__": _init, "__repr__": _repr, "__eq__": _eq, "__hash__": _hash
}  # fmt: skip


def _setattr(self: Any, name: str, value: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:
    for f, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)


_SHARED = {"__setattr__": _setattr, "__delattr__": _delattr, "__getstate__": _getstate, "__setstate__": _setstate}

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = frozen_slots
