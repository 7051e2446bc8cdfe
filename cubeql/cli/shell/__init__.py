"""The prompt, in reading order.

``asking`` is the prompt from its first word to its last; ``state`` is what it knows; ``terminal`` reads a text from a
terminal, with ``colours`` and what ``offering`` offers, ``plain`` where no line can be drawn anew; ``feeding`` runs
what was read. ``commands`` is the table of the commands that begin with a dot, which are about the store
(``of_store``), statements (``of_statements``, ``watching``), results (``of_results``, with ``gathering``) and the
prompt itself (``of_prompt``). ``opening`` makes a prompt of arguments and preferences.

Nothing but a prompt imports this room, and with it prompt_toolkit.
"""
