"""What the tests stand on.

Reading order: ``cube`` (the tiny cube: small layers with every awkward place of the earth and the calendar),
``oracle`` (a slow, plain evaluator of queries over the cube's dictionaries), ``product`` (the one place where
tests talk to CubeQL), ``answers`` (results of either, compared and printed), ``cases`` (golden files).
"""
