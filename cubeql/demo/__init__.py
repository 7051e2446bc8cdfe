"""The demo: a store built from real data that ships with the package, and questions put to it.

* ``sources``  where each file of ``data/`` comes from, under which licence, and what was changed
* ``layers``   the layers made of those files: which file, which grid, which method, and why
* ``queries``  the questions, with their CubeQL texts
* ``run``      builds the store and asks

``docs/demo-data.md`` says the same about the data in prose; ``scripts/make_demo_data.py`` makes the files.
"""
