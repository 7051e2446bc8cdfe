"""Colours of the screen: four themes in which all words stand out from their ground by 4.5 to 1 or more (WCAG 2)."""

from __future__ import annotations

from dataclasses import replace

from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String
from rich.style import Style
from rich.syntax import ANSISyntaxTheme
from textual.app import App
from textual.filter import DimFilter
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
        "quiet": "#8d9bad",
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
    accent="#9a5300",
    foreground="#1f2a36",
    background="#f6f8fa",
    surface="#ffffff",
    panel="#e9eef3",
    success="#2f7a42",
    warning="#955f00",
    error="#b3262b",
    dark=False,
    variables={
        "quiet": "#56657a",
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
        "footer-key-foreground": "#9a5300",
        "footer-description-foreground": "#56657a",
        "block-cursor-background": "#c5def0",
        "block-cursor-foreground": "#10202e",
        "block-cursor-blurred-background": "#e9f1f7",
    },
)
CONTRAST = replace(
    DARK,
    name="cubeql-contrast",
    primary="#8fd3ff",
    secondary="#9ff0bd",
    accent="#ffd166",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1c1c1c",
    success="#8dff9f",
    warning="#ffd166",
    error="#ff9c9c",
    variables=DARK.variables
    | {
        "quiet": "#c9d1d9",
        "border": "#9aa7b4",
        "border-blurred": "#9aa7b4",
        "scrollbar": "#9aa7b4",
        "scrollbar-background": "#000000",
        "scrollbar-corner-color": "#000000",
        "footer-background": "#000000",
        "footer-key-foreground": "#ffd166",
        "footer-description-foreground": "#e6ebf0",
        "input-cursor-background": "#ffd166",
        "block-cursor-background": "#ffd166",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#3d3d3d",
        "input-selection-background": "#1f5f8f",
    },
)
PAPER = replace(
    LIGHT,
    name="cubeql-contrast-light",
    primary="#003f70",
    secondary="#00501f",
    accent="#7a2e00",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#ececec",
    success="#00501f",
    warning="#6b3d00",
    error="#9c0006",
    variables=LIGHT.variables
    | {
        "quiet": "#3f4852",
        "border": "#5c6670",
        "border-blurred": "#5c6670",
        "scrollbar": "#5c6670",
        "scrollbar-background": "#ffffff",
        "scrollbar-corner-color": "#ffffff",
        "footer-background": "#ffffff",
        "footer-key-foreground": "#7a2e00",
        "footer-description-foreground": "#26303a",
        "block-cursor-background": "#003f70",
        "block-cursor-foreground": "#ffffff",
        "block-cursor-blurred-background": "#d5dce3",
    },
)
THEMES = (DARK, LIGHT, CONTRAST, PAPER)

_SYNTAX: dict[str, tuple[str, str, str, str]] = {
    "keyword": ("bold #7ab8f5", "bold #0b5cad", "bold #9fd4ff", "bold #003f8f"),
    "name": ("#d3dce8", "#1f2a36", "#ffffff", "#000000"),
    "function": ("#8fd3c1", "#0f6b5c", "#a6ffe6", "#00493e"),
    "number": ("#d6a5e8", "#7c2f9b", "#f0c2ff", "#5d0f80"),
    "text": ("#e5c583", "#8a5200", "#ffe39c", "#653a00"),
    "comment": ("italic #8695a8", "italic #5d6b7d", "italic #c9d1d9", "italic #3f4852"),
    "parameter": ("#f09f7c", "#b0441a", "#ffbd9e", "#822b06"),
    "operator": ("#9aa9bb", "#56657a", "#e6ebf0", "#26303a"),
    "error": ("#f0797b", "#b3262b", "#ff9c9c", "#9c0006"),
}
"""Kind of :func:`cubeql.service.highlight` to its style in each theme."""

_ON_DARK = ("#6cb6e0", "#f0b866", "#8fc7a4", "#d6a5e8", "#f09f7c", "#b9c46a", "#8d9bad")
_ON_LIGHT = ("#17628f", "#8a5200", "#2a6b47", "#7c2f9b", "#a33d14", "#586300", "#56657a")
INKS = {theme.name: _ON_DARK if theme.dark else _ON_LIGHT for theme in THEMES}
"""Colours of lines over time, by theme."""

_TOKENS = {Comment: "comment", Keyword: "keyword", Name: "name", Name.Builtin: "function", Number: "number",
           String: "text", Operator: "operator", Punctuation: "operator"}  # fmt: skip

_DIM = 0.72
"""Words that stand back keep this much of their colour: of Textual's half not every ground leaves 4.5 to 1."""

_NUMBER = {theme.name: number for number, theme in enumerate(THEMES)}


def syntax_style(kind: str, theme: str) -> Style:
    """How a stretch of a statement is written in a theme."""
    return Style.parse(_SYNTAX[kind][_NUMBER[theme]])


def sql_theme(theme: str) -> ANSISyntaxTheme:
    """How the SQL of a plan is written in a theme: as a statement is."""
    return ANSISyntaxTheme({token: syntax_style(kind, theme) for token, kind in _TOKENS.items()})


def take_themes(app: App[None], name: str) -> None:
    """Give an application these themes and no others, and begin with one."""
    for other in app.available_themes:
        app.unregister_theme(other)
    for theme in THEMES:
        app.register_theme(theme)
    app.theme = name
    for line_filter in app._filters:
        if isinstance(line_filter, DimFilter):
            line_filter.dim_factor = _DIM
