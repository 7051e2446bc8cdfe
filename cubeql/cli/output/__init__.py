"""The only writer to stdout, in reading order.

``formats`` is the table of formats and the choice between them; ``sink`` is where bytes go (stdout, or a
file that appears only when it is complete); ``values`` makes exact texts of Arrow columns and ``display``
short ones; ``delimited``, ``objects``, ``features``, ``columnar``, ``table``, ``vertical``, ``markdown`` and
``nothing`` write one format each; ``results`` ties them together.
"""
