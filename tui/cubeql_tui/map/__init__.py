"""The map: cells in their true shape, at the resolution that suits what is seen.

Reading order: ``view`` (what is seen: a window on the Mercator plane), ``hexes`` (cells with values, brought to a
coarser resolution), ``sources`` (where they come from: the rows of a result, or a layer that the engine is asked for),
``colours`` (ramps and classes), ``lines`` (coasts and borders), ``raster`` (which cell lies at which place),
``drawing`` (places as the characters of a line), ``hexmap`` (the widget), ``legend``, ``pane`` (all of it, and who asks
what when).
"""
