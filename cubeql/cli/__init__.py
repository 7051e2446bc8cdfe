"""The command line, in reading order.

``main`` runs one command and turns what went wrong into an exit code; ``arguments`` is the option groups
that commands share; ``commands`` is the table of commands, one file each; ``statements`` cuts a script into
statements and ``runner`` runs them, after ``lean`` has spared them the import of pandas; ``parameters`` reads
``--param``; ``interrupt`` makes Ctrl-C cancel what runs; ``prompt`` reads statements from a terminal;
``progress`` draws how far something is; ``health`` is what ``doctor`` looks at. ``output`` alone writes stdout,
``diagnostics`` alone writes stderr; ``escape`` keeps terminal control characters out of both.

Nothing here imports a heavy library at the top of a module: a command pays only for what it uses.
"""
