"""The only writer to stdout, in reading order.

``formats`` is the table of formats and the choice between them; ``sink`` is where bytes go (stdout, or a
file that appears only when it is complete); ``display`` knows how wide texts are, ``columns`` how wide columns;
``layout`` is how ``table``, ``vertical`` and ``markdown`` draw rows for people, while :mod:`cubeql.formats` writes
them for programs; ``results`` ties them together. ``map`` and ``plot`` make lines of a picture of a result.
"""
