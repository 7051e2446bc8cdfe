"""A store served to others.

Reading order: ``guests`` (who is there, each with a session of the one engine), ``tickets`` (handles they are given),
``faults`` (errors as clients get them), ``flight`` (Arrow Flight SQL, the door), ``commands`` and ``actions`` (what can
be asked, a row each), ``statements`` (texts that are run), ``streaming`` (rows on their way).
"""
