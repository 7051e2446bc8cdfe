"""Arrays in a file of the cache: read at one go, and known to be whole.

A file is a magic number, the sum of everything after it as 64-bit words, the length of a header, the header (names,
types and shapes as JSON) and the arrays, each of them beginning at a word.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = dict[str, NDArray[Any]]

_MAGIC = int.from_bytes(b"cqlsheet", "little")
_WORD = 8


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a file under another name and rename it; a disk that is full or read-only merely means no cache."""
    head = [[name, array.dtype.str, list(array.shape)] for name, array in arrays.items()]
    header = json.dumps(head).encode()
    parts = [np.array([len(header)], np.uint64), np.frombuffer(header, np.uint8), *arrays.values()]
    plain = [np.ascontiguousarray(part).reshape(-1).view(np.uint8) for part in parts]
    front = np.array([_MAGIC, sum(_padded_sum(part) for part in plain) % 2**64], np.uint64)
    draft = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with draft.open("wb") as file:
            front.tofile(file)
            for part in plain:
                part.tofile(file)
                file.write(bytes(-part.size % _WORD))
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def read_arrays(path: Path) -> Arrays | None:
    """The arrays of a file; None where there is none, or one that is damaged."""
    try:
        # Not mapped: a file that another process cuts short would kill this one.
        words = np.fromfile(path, np.uint64)
        os.utime(path)  # what was used last is forgotten last
        whole = words.size > 2 and int(words[0]) == _MAGIC and path.stat().st_size == words.nbytes
        if not whole or int(words[1]) != _sum(words[2:]):
            return None
        return _parted(words[2:])
    except (OSError, ValueError, TypeError):
        return None


def _parted(body: NDArray[np.uint64]) -> Arrays:
    length = int(body[0])
    at = 1 + _count(length)
    found: Arrays = {}
    for name, dtype, shape in json.loads(body[1:at].tobytes()[:length]):
        kind = np.dtype(dtype)
        size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
        words = _count(size)
        found[name] = body[at : at + words].view(np.uint8)[:size].view(kind).reshape(shape)
        at += words
    return found


def _count(size: int) -> int:
    return -(-size // _WORD)


def _sum(words: NDArray[np.uint64]) -> int:
    return int(np.add.reduce(words, dtype=np.uint64))


def _padded_sum(part: NDArray[np.uint8]) -> int:
    """Of an array with as many zeros behind it as fill its last word."""
    whole = part.size // _WORD * _WORD
    return _sum(part[:whole].view(np.uint64)) + int.from_bytes(part[whole:].tobytes(), "little")
