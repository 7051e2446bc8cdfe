"""What may stand at the cursor, offered below it."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Offset
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cubeql.service import Completion

_MOST = 60
_SIGNS = {"keyword": ("k", "dim"), "layer": ("▦", "green"), "column": ("≡", "cyan"), "function": ("ƒ", "magenta"),
          "class": ("■", "yellow"), "alias": ("≈", "cyan"), "parameter": ("$", "yellow")}  # fmt: skip


class Popup(OptionList, can_focus=False):
    """A short list over the screen; the editor keeps the keys and moves its cursor."""

    DEFAULT_CSS = """
    Popup { overlay: screen; constrain: inside; width: auto; min-width: 24; max-width: 62; height: auto; max-height: 10;
            display: none; border: none; padding: 0; background: $panel; scrollbar-size: 1 1; }
    Popup > .option-list--option { padding: 0 1; }
    Popup > .option-list--option-highlighted { background: $block-cursor-background; color: $block-cursor-foreground; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.offers: tuple[Completion, ...] = ()

    @property
    def chosen(self) -> Completion | None:
        """The offer under the cursor while the list is open."""
        return self.offers[self.highlighted] if self.display and self.highlighted is not None else None

    def offer(self, offers: tuple[Completion, ...], at: Offset) -> None:
        """Open with these offers, below a place of the screen; without any, close."""
        self.offers = offers[:_MOST]
        if not self.offers:
            self.close()
            return
        widest = max(len(o.text) for o in self.offers)
        self.clear_options()
        self.add_options([Option(_line(o, min(widest, 28))) for o in self.offers])
        self.highlighted = 0
        self.absolute_offset = at
        self.display = True
        self.refresh(layout=True)

    def close(self) -> None:
        """Take it away."""
        self.display = False


def _line(offer: Completion, width: int) -> Text:
    sign, style = _SIGNS.get(offer.kind, ("·", "dim"))
    detail = offer.detail if len(offer.detail) <= 30 else offer.detail[:29] + "…"
    return Text.assemble((f"{sign} ", style), (offer.text.ljust(width), "bold"), ("  " + detail, "dim"), no_wrap=True)
