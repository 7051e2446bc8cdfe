"""Bytes at rest: tile files, the durable catalog and its commits.

Reading order:

* ``addresses`` where bytes lie; ``objects`` what a medium can do, ``folderobjects`` a folder that does,
  ``s3objects`` a bucket; ``media`` which one an address is on
* ``names``     what may be called how; ``naming`` who has which name
* ``columns``   what a tile file holds; ``blocks`` a row in memory; ``records`` the layer record
* ``summaries`` what is known of a tile without its arrays; ``encode`` and ``decode`` blocks to Arrow and back
* ``parquet``   a file written; ``tablefiles`` of one table; ``rowbuffer`` blocks sorted into files;
  ``strand`` rows that come sorted
* ``table``     the seam to a table format; ``delta`` the one in use; ``cached`` what was loaded is remembered
* ``keys``      rows are unique; ``settle`` what becomes of rows that are there already
* ``committing`` what every write is; ``write`` one of tiles; ``files`` what planning sees
* ``rowcolumns`` what a file of points or zones holds; ``rowwrite`` a write of them; ``rowread`` all their rows
* ``compaction`` which files are worth writing anew; ``sorting`` their rows in order; ``compactor`` that done
* ``altering``  the record changed; ``rollback`` a layer taken back to an earlier version
* ``views``     queries and ``cellsets`` cells kept by name; ``definitions`` all of that for the store
* ``tokens``    what lets users in where the store is served; ``seen`` what they see
* ``vacuum``    what killed writers leave behind; ``trimming`` caches kept below a size
* ``marker``    what makes a folder a store; ``store`` the door
"""

from cubeql.storage.addresses import Address, parse_address
from cubeql.storage.blocks import TileBlock
from cubeql.storage.snapshot import Snapshot
from cubeql.storage.store import Store
from cubeql.storage.table import LayerVersion

__all__ = ["Address", "LayerVersion", "Snapshot", "Store", "TileBlock", "parse_address"]
