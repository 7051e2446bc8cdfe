"""Faults found while a statement runs."""

from cubeql.errors.catalogue.rows import Fault

ROWS: tuple[Fault, ...] = (
    Fault("unreadable_region", "{reason}", "check the region's text or path"),
    Fault("unknown_zone", "no zone of '{layer}' has the {column} '{name}'", "{suggestion}"),
    Fault("empty_cover", "the region {region} is too large to be listed cell by cell at resolution {resolution}",
          "group by CELL(n), or use a smaller region"),
    Fault("value_out_of_range", "a value does not fit: {reason}", "test the values, or CAST them"),
    Fault("value_refused", "{reason}"),
    Fault("out_of_memory", "the statement needs more memory than allowed ({limit})",
          "select less, LIMIT the rows, or raise the memory_limit setting"),
    Fault("timeout", "the statement ran longer than {limit_s:g} s",
          "narrow it by time or region, or raise the time limit"),
    Fault("cancelled", "the statement was cancelled"),
    Fault("not_a_query", "{construct} is no query", "only queries can be explained or streamed"),
    Fault("duplicate_cells", "the cell {cell} comes more than once{time}", "group by cell, or by cell and time"),
    Fault("row_exists", "'{layer}' has a row for the cell {cell}{at} already",
          "INSERT OR REPLACE takes its place; ANTI JOIN {layer} leaves it out"),
    Fault("raster_view", "the raster cannot be read in place: {reason}"),
    Fault("in_place_off", "'{name}' would read a raster in place, which this session does not allow",
          "ingest the raster as a layer, or open the session with in_place=True"),
    Fault("in_place_fault", "'{name}' cannot be read in place: {reason}",
          "CREATE OR REPLACE VIEW … AS RASTER reads it anew"),
    Fault("in_place_too_large", "'{name}' would have to make {cells:,} cells of its raster; {most:,} are allowed",
          "FILTER a smaller region or period, ingest it as a layer, or SET in_place_cells"),
    Fault("raster_shape", "{reason}", "{suggestion}"),
    Fault("format_type", "{format} cannot hold the column '{name}', which is of type {type}",
          "leave it out or CAST it"),
)  # fmt: skip
