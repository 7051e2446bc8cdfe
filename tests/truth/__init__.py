"""Truth: what the demo's queries must answer, computed from the source rasters by brute force.

Nothing here reads a store or imports the parts that make one: cells come from the plain h3 package, places
from pyproj, pixels from rasterio and netCDF4, everything else is NumPy.

* ``places``   cells of places, centres of cells, areas
* ``rasters``  the source files as arrays, a value or a mean for a cell
* ``scenes``   the two Sentinel-2 cubes and the tree cover, cell by cell
* ``answers``  the expected rows of each demo query
"""
