"""A store served to others.

Reading order: ``serving`` (a server from start to end), ``settings`` (what it is told), ``ground`` (what it stands
on), ``gate`` (who makes a call), ``passes`` (who may come in), ``tries`` (how often anybody may try), ``guestbook``
(who is there), ``guests`` (one of them, with a session of the one engine), ``tickets`` (handles they are given),
``calls`` (whose call is answered), ``faults`` (errors as clients get them), ``flight`` (Arrow Flight SQL, the door),
``commands`` and ``actions`` (what can be asked, a row each), ``statements`` (texts that are run), ``desk`` (where
they are taken: made ready, started when it is their turn, stopped, drained), ``slots`` (whose turn it is),
``streaming`` (rows on their way), ``slices`` (what one message holds), ``watch`` (looks for clients that went away or
take nothing), ``counts`` (what has been, and is just now).
"""

from __future__ import annotations

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it writes to stderr what we say in our own words
