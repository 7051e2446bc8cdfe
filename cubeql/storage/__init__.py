"""Bytes at rest: tile files, the durable catalog and its commits.

Reading order: ``addresses`` (where bytes lie), ``names`` (what may be called how), ``columns`` (what a tile file
holds), ``blocks`` (a row in memory), ``summaries`` (what is known of a tile without reading it), ``encode`` and
``decode`` (blocks to Arrow and back), ``parquet`` (a file written), ``table`` (the seam to a table format) and ``delta``
(the one in use), ``keys`` (rows are unique), ``rowbuffer`` and ``write`` (a write and its commit), ``files`` (what
planning sees), ``store`` (the door).
"""

from cubeql.storage.addresses import Address, parse_address
from cubeql.storage.blocks import TileBlock
from cubeql.storage.store import Snapshot, Store
from cubeql.storage.table import LayerVersion
from cubeql.storage.write import LayerWrite

__all__ = ["Address", "LayerVersion", "LayerWrite", "Snapshot", "Store", "TileBlock", "parse_address"]
