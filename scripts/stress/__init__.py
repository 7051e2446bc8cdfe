"""A store under stress: many processes at once, writers killed at any moment, disks that fill up.

::

    python -m scripts.stress writers --seconds 180 --writers 4 --readers 8
    python -m scripts.stress kills --kills 50
    python -m scripts.stress full --levels 12     # mounts a tmpfs, or --disk FOLDER of a small disk
    python -m scripts.stress writers --s3 --restart 15    # on an S3 server, killed every 15 seconds

Reading order: ``ground`` (the layers it all happens on), ``state`` (a store as values that can be compared), ``work``
(what is done to it, a process each), ``ledger`` and ``writers``, ``servers``, ``kills``, ``full``, ``__main__``.
Nothing is timed: what is counted are commits, kills and faults, and a fault makes the exit code 1.
"""
