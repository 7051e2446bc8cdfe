"""What layers exist, as records (``records``) and questions (``protocol``, with one kept in memory)."""

from cubeql.catalog.protocol import Catalog, MemoryCatalog
from cubeql.catalog.records import Attribute, Band, CellSet, Dimension, Layer, TimeAxis

__all__ = ["Attribute", "Band", "Catalog", "CellSet", "Dimension", "Layer", "MemoryCatalog", "TimeAxis"]
