"""The map: cells in their true shape, at the resolution that suits what is seen.

What is drawn, and how, is in ``cubeql.drawing``. Reading order here: ``sources`` (where cells come from: the rows of
a result, or a layer that the engine is asked for), ``picture`` (cells as colours of pixels), ``drawing`` (these as
characters), ``canvas`` (the widget that shows them) and ``hexmap`` (its keys and pointer), ``legend``, ``words``
(what the head says), ``frames`` (answers that are kept), ``side`` (one map of one source: who asks what when),
``sides`` (two of them compared), ``timeline`` (times played), ``pane`` (all of it, its keys, the chosen cell).
"""
