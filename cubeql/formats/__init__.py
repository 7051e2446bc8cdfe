"""Rows as bytes, exactly: what the command line, COPY and every other way out write.

``rows`` is what a writer is given, ``values`` makes exact texts and JSON values of Arrow columns; ``delimited``
(CSV, TSV), ``objects`` (JSON, JSON lines), ``features`` (GeoJSON) and ``columnar`` (Parquet, Arrow) write one
format each. All of them stream: no writer holds more than a few batches. ``shown`` is the other half: how people
read a column, in few digits.
"""
