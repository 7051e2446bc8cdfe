"""Colours of the screen: two themes of CubeQL's own beside those that Textual brings."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

DARK = Theme(
    name="cubeql-dark",
    primary="#6cb6e0",
    secondary="#8fc7a4",
    accent="#f0b866",
    foreground="#d3dce8",
    background="#0e131a",
    surface="#121922",
    panel="#1a232f",
    success="#7fc98f",
    warning="#e9b55c",
    error="#f0797b",
    dark=True,
    variables={
        "border": "#2b3848",
        "border-blurred": "#2b3848",
        "scrollbar": "#2b3848",
        "scrollbar-hover": "#3d5066",
        "scrollbar-active": "#6cb6e0",
        "scrollbar-background": "#0e131a",
        "scrollbar-background-hover": "#121922",
        "scrollbar-background-active": "#121922",
        "scrollbar-corner-color": "#0e131a",
        "footer-background": "#0e131a",
        "footer-key-foreground": "#f0b866",
        "footer-description-foreground": "#8d9bad",
        "input-cursor-background": "#f0b866",
        "block-cursor-background": "#2a4a63",
        "block-cursor-foreground": "#eef4fb",
        "block-cursor-blurred-background": "#1d2b39",
        "input-selection-background": "#2f4a5f",
    },
)
LIGHT = Theme(
    name="cubeql-light",
    primary="#17628f",
    secondary="#2f7a52",
    accent="#a85b00",
    foreground="#1f2a36",
    background="#f6f8fa",
    surface="#ffffff",
    panel="#e9eef3",
    success="#2f7a42",
    warning="#955f00",
    error="#b3262b",
    dark=False,
    variables={
        "border": "#c3ced9",
        "border-blurred": "#c3ced9",
        "scrollbar": "#c3ced9",
        "scrollbar-hover": "#9fb0c0",
        "scrollbar-active": "#17628f",
        "scrollbar-background": "#f6f8fa",
        "scrollbar-background-hover": "#e9eef3",
        "scrollbar-background-active": "#e9eef3",
        "scrollbar-corner-color": "#f6f8fa",
        "footer-background": "#f6f8fa",
        "footer-key-foreground": "#a85b00",
        "footer-description-foreground": "#56657a",
        "block-cursor-background": "#c5def0",
        "block-cursor-foreground": "#10202e",
        "block-cursor-blurred-background": "#e1ebf3",
    },
)
THEMES = (DARK, LIGHT)

_SYNTAX: dict[str, tuple[str, str]] = {
    "keyword": ("bold #7ab8f5", "bold #0b5cad"),
    "name": ("#d3dce8", "#1f2a36"),
    "function": ("#8fd3c1", "#0f6b5c"),
    "number": ("#d6a5e8", "#7c2f9b"),
    "text": ("#e5c583", "#8a5200"),
    "comment": ("italic #64748a", "italic #6c7a8c"),
    "parameter": ("#f09f7c", "#b0441a"),
    "operator": ("#9aa9bb", "#56657a"),
    "error": ("#f0797b", "#b3262b"),
}
"""Kind of :func:`cubeql.service.highlight` to its style on a dark and on a light ground."""


def syntax_style(kind: str, dark: bool) -> Style:
    """How a stretch of a statement is written."""
    return Style.parse(_SYNTAX[kind][0 if dark else 1])
