"""CubeQL in a notebook: ``%load_ext cubeql`` gives ``%cubeql`` and ``%%cubeql``.

Reading order: ``magics`` (the two words and what may stand behind them), ``running`` (a statement in a thread, so that
the cell can be interrupted), ``shown`` (tables, maps and plots as notebooks show them), ``completing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_KEPT = "_cubeql_magics"


def load(shell: InteractiveShell) -> None:
    """Give a notebook the words and their completion; once is enough."""
    from cubeql.notebook.completing import matcher_of
    from cubeql.notebook.magics import CubeQLMagics

    if getattr(shell, _KEPT, None) is not None:
        return
    magics = CubeQLMagics(shell)
    shell.register_magics(magics)
    matcher = matcher_of(magics)
    shell.Completer.custom_matchers.append(matcher)
    setattr(shell, _KEPT, (magics, matcher))


def unload(shell: InteractiveShell) -> None:
    """Take them away again and close what they opened."""
    kept: Any = getattr(shell, _KEPT, None)
    if kept is None:
        return
    magics, matcher = kept
    shell.Completer.custom_matchers.remove(matcher)
    for words in shell.magics_manager.magics.values():
        words.pop("cubeql", None)
    magics.close()
    setattr(shell, _KEPT, None)
