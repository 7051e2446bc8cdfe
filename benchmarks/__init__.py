"""Measurements of CubeQL beside the cheapest way to do the same; run with ``python -m benchmarks``.

Reading order: ``measure`` (rows, clocks, tables), ``places`` (where on earth), ``data`` (layers made from a seed),
``reading``, ``joins``, ``grouping``, ``compiling``, ``writing`` (the rows), ``cold_start`` (a process of its own).
"""
