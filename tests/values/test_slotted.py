"""Classes of `slotted` are to everybody what the standard library makes of the same text."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from cubeql.values import slotted


def made(dataclass: Callable[..., Any]) -> dict[str, Any]:
    """The same classes by one decorator or the other."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Root:
        at: int = dataclasses.field(default=0, compare=False, repr=False)

    @dataclass(frozen=True, slots=True)
    class Leaf(Root):
        name: str
        size: float = 1.5
        parts: list[int] = dataclasses.field(default_factory=list)

        @property
        def double(self) -> float:
            return self.size * 2

    @dataclass(frozen=True, slots=True)
    class Other(Root):
        name: str

    @dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
    class Single:
        name: str

    @dataclass(frozen=True, slots=True)
    class Own:
        name: str

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 7

        def __repr__(self) -> str:
            return "own"

    return {"Root": Root, "Leaf": Leaf, "Other": Other, "Single": Single, "Own": Own}


OURS, THEIRS = made(slotted.frozen_slots), made(dataclasses.dataclass)


@pytest.mark.parametrize(
    "tell",
    [
        lambda c: repr(c["Leaf"]("a", 2.0, [1])),
        lambda c: repr(c["Own"]("a")),
        lambda c: [f.name for f in dataclasses.fields(c["Leaf"])],
        lambda c: c["Leaf"].__match_args__,
        lambda c: c["Leaf"]("a") == c["Leaf"]("a", at=3),
        lambda c: c["Leaf"]("a") == c["Leaf"]("b"),
        lambda c: c["Other"]("a") == c["Leaf"]("a"),
        lambda c: c["Leaf"]("a").__eq__(3),
        lambda c: hash(c["Other"]("a", at=1)) == hash(c["Other"]("a", at=2)) == hash(("a",)),
        lambda c: c["Single"]("a") == c["Single"]("a"),
        lambda c: c["Own"]("a") == c["Own"]("b") and hash(c["Own"]("a")) == 7,
        lambda c: repr(dataclasses.replace(c["Leaf"]("a"), size=3)),
        lambda c: dataclasses.asdict(c["Leaf"]("a", at=4)),
        lambda c: c["Leaf"]("a").parts is c["Leaf"]("a").parts,
        lambda c: c["Leaf"]("a", 4.0).double,
        lambda c: copy.deepcopy(c["Leaf"]("a", 4.0)) == c["Leaf"]("a", 4.0),
        lambda c: c["Leaf"].__init__.__qualname__.rpartition(".")[2],
        lambda c: hasattr(c["Leaf"]("a"), "__dict__"),
    ],
)
def test_they_tell_the_same(tell: Callable[[dict[str, Any]], Any]) -> None:
    assert tell(OURS) == tell(THEIRS)


@pytest.mark.parametrize(
    "fail",
    [
        lambda c: setattr(c["Leaf"]("a"), "name", "b"),
        lambda c: delattr(c["Leaf"]("a"), "name"),
        lambda c: c["Leaf"](),
        lambda c: c["Leaf"]("a", 1.0, [], 5),
        lambda c: c["Leaf"]("a", colour=1),
        lambda c: hash(c["Leaf"]("a")),  # of a list
    ],
)
def test_they_refuse_the_same(fail: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises((TypeError, AttributeError)) as ours:
        fail(OURS)
    with pytest.raises(ours.type) as theirs:
        fail(THEIRS)
    assert str(ours.value) == str(theirs.value)


def test_methods_are_compiled_when_they_are_called() -> None:
    @slotted.frozen_slots(frozen=True, slots=True)
    class Late:
        name: str

    waiting = {name: vars(Late)[name] for name in ("__init__", "__repr__", "__eq__", "__hash__")}
    assert Late("a").name == "a"
    assert {n for n, method in waiting.items() if vars(Late)[n] is not method} == {"__init__"}


def test_what_would_be_left_out_is_refused() -> None:
    with pytest.raises(AssertionError):

        @slotted.frozen_slots(frozen=True, slots=True)
        class Checked:
            def __post_init__(self) -> None: ...

    with pytest.raises(AssertionError):
        slotted.frozen_slots(frozen=False, slots=True)


def test_nodes_can_be_sent_to_another_process() -> None:
    from cubeql.lang import parse

    tree = parse("SELECT avg(ndvi) AS m FROM ndvi FILTER ndvi > 0.5 AND time DURING '2024' GROUP BY cell")
    assert pickle.loads(pickle.dumps(tree)) == tree
