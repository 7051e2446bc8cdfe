"""What every medium must do: objects come whole, and of several that want one, exactly one gets it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cubeql.errors import StoreError
from cubeql.storage.addresses import parse_address
from cubeql.storage.media import objects_at
from cubeql.storage.objects import ObjectChanged, ObjectExists, ObjectMissing, Objects


def names(objects: Objects, folder: str = "") -> list[str]:
    return sorted(entry.name for entry in objects.entries(folder) if not entry.name.startswith("."))


def test_an_object_is_made_once(objects: Objects) -> None:
    tag = objects.create("a/b.json", b"one")
    with pytest.raises(ObjectExists):
        objects.create("a/b.json", b"two")
    held = objects.read("a/b.json")
    assert held is not None and (held.content, held.tag) == (b"one", tag)
    assert names(objects) == ["a/b.json"]


def test_what_is_not_there_is_none(objects: Objects) -> None:
    assert objects.read("a/b.json") is None
    assert not objects.exists("a/b.json")
    assert list(objects.entries("a")) == []
    with pytest.raises(ObjectMissing):
        objects.open("a/b.json")
    objects.remove(["a/b.json"])


def test_only_what_is_unchanged_is_swapped_or_taken(objects: Objects) -> None:
    first = objects.create("a", b"one")
    second = objects.swap("a", b"two", first)
    for change in (lambda: objects.swap("a", b"three", first), lambda: objects.take("a", first)):
        with pytest.raises(ObjectChanged):
            change()
    held = objects.read("a")
    assert held is not None and held.content == b"two"
    objects.take("a", second)
    assert objects.read("a") is None and not objects.exists("a") and names(objects) == []
    for change in (lambda: objects.swap("a", b"three", second), lambda: objects.take("a", second)):
        with pytest.raises(ObjectChanged):
            change()
    assert objects.create("a", b"four")
    assert names(objects) == ["a"]


def test_entries_tell_size_and_time(objects: Objects) -> None:
    objects.create("x/a", b"12345")
    objects.create("x/y/b", b"1")
    objects.create("xy/c", b"1")
    (found, deeper) = sorted(objects.entries("x"), key=lambda entry: entry.name)
    assert (found.name, found.bytes, deeper.name) == ("x/a", 5, "x/y/b")
    assert abs(datetime.now(UTC) - found.changed) < timedelta(minutes=10)
    assert objects.children() == ["x", "xy"]


def test_an_object_is_read_anywhere(objects: Objects) -> None:
    with_file = objects.begin("data/1.bin")
    with_file.file.write(bytes(range(200)))
    assert with_file.finish() == 200
    with objects.open("data/1.bin") as file:
        file.seek(100)
        assert file.read(3) == bytes([100, 101, 102]) and file.size() == 200


def test_a_discarded_object_leaves_nothing(objects: Objects) -> None:
    made = objects.begin("data/1.bin")
    made.file.write(b"half")
    made.discard()
    assert names(objects) == [] and objects.children() == []


def test_removed_objects_leave_no_folder(objects: Objects) -> None:
    for name in ("a/b/c", "a/b/d", "a/e"):
        objects.create(name, b"1")
    objects.remove(["a/b/c", "a/b/d"])
    assert names(objects) == ["a/e"]
    objects.remove(["a/e"])
    assert objects.children() == []


def race(count: int, act: Callable[[int], object]) -> list[int]:
    """Act in several threads at once; the numbers of those that were not told that another was faster."""
    won: list[int] = []
    start = threading.Barrier(count)

    def run(number: int) -> None:
        start.wait()
        try:
            act(number)
        except (ObjectExists, ObjectChanged):
            return
        won.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_of_several_one_wins(objects: Objects) -> None:
    for turn in range(10):
        name = f"n/{turn}"
        (made,) = race(4, lambda number, name=name: objects.create(name, b"%d" % number))
        held = objects.read(name)
        assert held is not None and held.content == b"%d" % made
        tag = held.tag
        (swapped,) = race(4, lambda number, name=name, tag=tag: objects.swap(name, b"swap %d" % number, tag))
        held = objects.read(name)
        assert held is not None and held.content == b"swap %d" % swapped
        tag = held.tag
        assert len(race(4, lambda _, name=name, tag=tag: objects.take(name, tag))) == 1
        assert objects.read(name) is None


def test_what_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    objects = objects_at(parse_address(tmp_path))
    with pytest.raises(StoreError, match="file/a: cannot be written"):
        objects.create("file/a", b"1")
    with pytest.raises(StoreError, match="file/a: cannot be written"):
        objects.begin("file/a")
