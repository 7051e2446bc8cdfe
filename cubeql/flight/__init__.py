"""Arrow Flight SQL on the wire, for servers and clients alike.

``messages`` (the messages, a row each), ``wire`` (bytes to messages and back).
"""
