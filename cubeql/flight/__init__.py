"""Arrow Flight SQL on the wire, for servers and clients alike.

``messages`` (the messages, a row each), ``wire`` (bytes to messages and back), ``address`` (where a server listens),
``told`` and ``values`` (what rides beside between our own ends: faults, figures, values of parameters), ``catalog``
(what a served store holds, asked and answered), ``calling`` (a connection, for the engine, which may not know clients).
"""
