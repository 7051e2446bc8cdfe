"""The nouns, without I/O.

Reading order: ``cells`` (H3 indexes as integers), ``tiles`` (the parents a layer is stored by, and the slots
in them), ``durations`` and ``times`` (instants, ranges and lengths of time), ``units`` and ``types`` (what a
column holds); ``slotted`` (what records and trees are made of). Import from the modules themselves.
"""
