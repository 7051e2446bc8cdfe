"""The command line, in reading order.

``main`` runs one command and turns what went wrong into an exit code; ``arguments`` is the option groups
that commands share; ``commands`` is the table of commands, one file each; ``statements`` cuts a script into
statements and ``runner`` runs them, after ``lean`` has spared them the import of pandas;
``interrupt`` makes Ctrl-C cancel what runs; ``shell`` is the prompt; ``progress`` draws how far
something is, ``waiting`` while a statement runs; ``health`` is what ``doctor`` looks at. ``output`` alone writes
stdout, ``diagnostics`` alone writes stderr, both without control characters of a terminal.

Nothing here imports a heavy library at the top of a module: a command pays only for what it uses.
"""
