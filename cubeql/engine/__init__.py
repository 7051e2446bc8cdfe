"""Running: from a compiled query to Arrow.

Reading order: ``connection`` (DuckDB, set up once), ``running`` (one running statement: cancel and time limit),
``scans`` (files that matter), ``regions`` and ``geometry`` (masks and areas of tiles), ``prepare`` (all that a
statement needs, in order), ``convert`` and ``result`` (Arrow out), ``execute`` (all together), ``explain``,
``listing`` (SHOW and DESCRIBE), ``layers`` (CREATE LAYER AS), ``copying`` with ``rasters`` (COPY TO).
"""
