"""What layers exist, as records (``records``) and questions (``protocol``, with one kept in memory)."""

from cubeql.catalog.protocol import Catalog, MemoryCatalog
from cubeql.catalog.records import Band, Dimension, Layer, TimeAxis

__all__ = ["Band", "Catalog", "Dimension", "Layer", "MemoryCatalog", "TimeAxis"]
