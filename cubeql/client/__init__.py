"""A store that another process serves: ``connect("flight://host:port")``.

``settings`` (what a client is told), ``connection`` (calls to the server), ``faults`` (what went wrong there or on the
way), ``calls`` (one statement from its start to its last row), ``ownsettings`` (what is set here), ``catalog`` (what
the store holds), ``session`` (all of it).
"""

from __future__ import annotations

import os

os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # it writes to stderr what we say in our own words
