"""What results look like, whatever they are drawn on: a terminal, a page, a picture.

Reading order: ``display`` (values as texts), ``selection`` (what is brushed), ``escape`` (texts made safe),
``colours``; of maps ``view`` (what of the
earth is seen), ``hexes`` (cells with a value each), ``raster`` (the cell at each pixel), ``lines`` (coasts and
borders), ``dots`` (braille), ``overlay`` (lines above a window), ``mapped`` (a column of a result on the map); of
values over time ``series`` and ``plotting``; of their number ``counting``. ``ansi`` makes lines of a terminal of it,
``sheet`` and ``image`` pictures. Nothing here knows a screen, and nothing asks the engine.
"""
