"""What layers exist, as records (``records``) and questions (``protocol``, with one kept in memory; ``pinned`` for a
statement, ``mounted`` with catalogs of others in it).

What may be told of a layer is in ``facts``, a row each; ``card`` shows all of it as JSON that can be edited.
"""

from cubeql.catalog.mounted import Mounted
from cubeql.catalog.pinned import Pinned
from cubeql.catalog.protocol import Catalog, MemoryCatalog, View
from cubeql.catalog.records import Attribute, Band, CellSet, Dimension, Layer, Provenance, Provider, TimeAxis

__all__ = [
    "Attribute",
    "Band",
    "Catalog",
    "CellSet",
    "Dimension",
    "Layer",
    "MemoryCatalog",
    "Mounted",
    "Pinned",
    "Provenance",
    "Provider",
    "TimeAxis", "View",
]
