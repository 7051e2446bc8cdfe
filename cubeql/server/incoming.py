"""Rows that clients send: batch by batch, none larger than a message may be.

pyarrow takes messages of any size, so that their size can be looked at only when they have come. What a client may
lose by sending one that is too large is its own call.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from cubeql.server.faults import Refused
from cubeql.server.settings import Limits


def batches_of(reader: Any, limits: Limits) -> Iterator[pa.RecordBatch]:
    """The batches that come, as long as they do.

    Raises:
        Refused: one is too large.
    """
    for chunk in reader:
        batch = chunk.data
        if batch is None:  # metadata alone
            continue
        if batch.nbytes > limits.message_bytes:
            raise Refused(f"a batch of {batch.nbytes:,} bytes came, but one may have {limits.message_bytes:,}; "
                          "send smaller batches")  # fmt: skip
        yield batch
