"""What may stand at a cursor, best first."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import lru_cache

from cubeql.catalog import Catalog
from cubeql.lang.printing.names import quoted
from cubeql.lang.tokens import Token, tokenize
from cubeql.service import offers
from cubeql.service.cursor import AHEAD, Cursor, cursor_at
from cubeql.service.keywords import HELP, needed_after, order, phrases
from cubeql.service.offers import Offer, Scene
from cubeql.service.order import Order
from cubeql.service.reading import Reading
from cubeql.service.records import Completion, CompletionKind
from cubeql.service.values import operand

_PARTS = re.compile(r"[\s_.(\"']+")
_NEEDS_TYPE = {
    "WITHIN": "cell", "NOT WITHIN": "cell", "DURING": "timestamp", "NOT DURING": "timestamp", "BEFORE": "timestamp",
    "AFTER": "timestamp", "LIKE": "text", "NOT LIKE": "text", "ILIKE": "text",
}  # fmt: skip
_NAMED = frozenset(("layer", "column", "alias", "function", "class", "method", "type", "text", "parameter"))
_NAME_KINDS = frozenset(("NAME", "QUOTED", "DATE", "TIMESTAMP", "INTERVAL"))
_OFFERED_WHOLE = ({"OF"}, {"REPLACE"})  # words of which nothing else can follow than AS OF, OR REPLACE have
_KEYWORD_RANK = 4  # behind columns, sources and functions, where names may stand


def complete(text: str, offset: int, catalog: Catalog, parameters: Collection[str] = ()) -> tuple[Completion, ...]:
    """What may stand at a place of a text, best first: what begins like the word there, then what is like it.

    Args:
        text: one or more statements, finished or not.
        offset: the cursor, in characters; beyond the text is its end.
        catalog: what layers exist.
        parameters: names of parameters known beside the text.
    """
    cursor = cursor_at(text, offset)
    if cursor is None:
        return ()
    scene = Scene(cursor, catalog, parameters)
    found: dict[str, Offer] = {}
    for offer in _offers(scene):
        found.setdefault(offer.text.casefold(), offer)
    fits = _Fits(cursor)
    kept = (offer for offer in found.values() if fits(offer.text))
    return tuple(Completion(o.text, o.kind, o.detail, cursor.start, cursor.end) for o in ranked(cursor.word, kept))


def _offers(scene: Scene) -> Iterator[Offer]:
    match scene.cursor.quote:
        case "'":
            yield from offers.texts(scene)
        case "$":
            yield from offers.parameters(scene)
        case '"':
            yield from (o for o in offers.names(scene) if o.kind != "function")
        case _ if _filters_aggregate(scene):
            yield _recased(Offer("WHERE", "keyword", HELP["FILTER (WHERE"]), _case_of(scene.cursor))
        case _:
            yield from _unquoted(scene)


def _unquoted(scene: Scene) -> Iterator[Offer]:
    yield from offers.texts(scene)
    shouted = scene.cursor.word.isupper()
    for offer in offers.names(scene):
        yield _recased(offer, str.upper) if shouted and offer.kind == "function" else _named(scene, offer)
    yield from offers.parameters(scene)
    in_case = _case_of(scene.cursor)
    for offer in _keywords(scene):
        yield _recased(offer, in_case)


def _named(scene: Scene, offer: Offer) -> Offer:
    """The offer, in quotes where the parser would read the name as a keyword: ``ON "time"``."""
    token = _words(offer.text)[0]
    if offer.kind in ("method", "unit", "type", "function") or scene.cursor.reading.kind_of(token) in _NAME_KINDS:
        return offer
    return Offer(quoted(token.text) + offer.text[token.end :], offer.kind, offer.detail, offer.rank)


# ------------------------------------------------------------------ keywords


def _keywords(scene: Scene) -> Iterator[Offer]:
    """Words that the parser takes here and the order of clauses allows."""
    written = Order(scene.query, len(scene.cursor.before))
    for terminal, words in phrases().items():
        if terminal in scene.accepted and written.allows(terminal):
            yield from (_keyword(scene, phrase) for phrase in words if _means_something(scene, phrase))
    if "STAR" in scene.accepted and _begins_list(scene.cursor):
        yield Offer("*", "keyword", "all columns", 3)
    yield from _second_halves(scene)


def _begins_list(cursor: Cursor) -> bool:
    """Whether the columns of SELECT begin here, with no star behind that would make it another mark."""
    return cursor.before[-1].keyword in ("SELECT", "DISTINCT") and cursor.text[cursor.end : cursor.end + 1] != "*"


def _keyword(scene: Scene, phrase: str) -> Offer:
    rank = -1 if phrase == "TIME" else _KEYWORD_RANK
    return Offer(phrase, _kind(scene), HELP.get(phrase.rstrip("("), ""), rank)


def _kind(scene: Scene) -> CompletionKind:
    before = scene.cursor.reading.kinds[-2:]
    if before == ["ON", "TIME"]:
        return "match"
    if before[-1:] == ["SAME"]:
        return "unit"
    if before[-1:] == ["WITHIN"]:
        return "region"
    return "keyword"


def _means_something(scene: Scene, phrase: str) -> bool:
    """Whether a phrase that the grammar takes can mean something behind what it follows."""
    wanted = _NEEDS_TYPE.get(phrase)
    path = operand(scene.cursor.before) if wanted else ()
    column = scene.columns.resolve(scene.query, path) if path else None
    if column is not None and column.type.name not in (wanted, "any"):
        return False
    tokens = _words(f"{phrase} {needed_after(phrase)}")
    reading = scene.cursor.reading.ahead(tokens)
    if not reading.is_viable or any(t.type == "NAME" and k != t.keyword for t, k in zip(tokens, reading.kinds)):
        return False  # AS OF where OF would be an alias
    return phrase not in ("AS", "OR") or reading.accepted() not in _OFFERED_WHOLE


def _second_halves(scene: Scene) -> Iterator[Offer]:
    """RESOLUTION behind AT, which waits for it in its own pattern."""
    if _sets_resolution(scene.cursor):
        yield Offer("RESOLUTION", "keyword", HELP["AT RESOLUTION"])


def _sets_resolution(cursor: Cursor) -> bool:
    return cursor.reading.kinds[-1:] == ["AT"] and _accepts(cursor.before[:-1], "AT RESOLUTION")


def _filters_aggregate(scene: Scene) -> bool:
    cursor = scene.cursor
    return cursor.reading.kinds[-2:] == ["FILTER", "LPAR"] and _accepts(cursor.before[:-2], "FILTER (WHERE")


@lru_cache(8192)
def _words(text: str) -> tuple[Token, ...]:
    """The words of an offer: the same ones are offered again and again."""
    return tokenize(text).tokens


def _accepts(before: tuple[Token, ...], text: str) -> bool:
    """Whether words fit behind tokens."""
    return Reading().read(before).ahead(tokenize(text).tokens).is_viable


class _Fits:
    """Whether a text can stand at a cursor; texts of the same shape are tried once."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.known: dict[tuple[tuple[str, str | None, bool], ...], bool] = {}

    def __call__(self, text: str) -> bool:
        tokens = self._tokens(text)
        shape = tuple((token.type, token.keyword, token.reserved) for token in tokens)
        if shape not in self.known:
            self.known[shape] = self._try(tokens, text.upper())
        return self.known[shape]

    def _tokens(self, text: str) -> tuple[Token, ...]:
        """The words of an offer; AT and FILTER look at the word behind them, so it is read along."""
        if not text.upper().endswith(("AT", "FILTER")):
            return _words(text)
        after = self.cursor.text[self.cursor.end :][:AHEAD]
        return tuple(token for token in tokenize(text + after).tokens if token.start < len(text))

    def _try(self, tokens: tuple[Token, ...], text: str) -> bool:
        reading = self.cursor.reading
        if text == "RESOLUTION" and _sets_resolution(self.cursor):
            return True
        if text == "WHERE" and reading.kinds[-2:] == ["FILTER", "LPAR"]:
            return True
        return bool(tokens) and reading.ahead(tokens).is_viable


# ------------------------------------------------------------------ case and rank


def _case_of(cursor: Cursor) -> Callable[[str], str]:
    """Upper or lower case: as the word itself is typed, else as the keyword before it."""
    letters = cursor.word if any(c.isalpha() for c in cursor.word) else ""
    if not letters:
        kinds = cursor.reading.kinds
        keywords = (t.text for t, kind in zip(reversed(cursor.before), reversed(kinds)) if kind == t.keyword)
        letters = next(keywords, "")
    return str.lower if letters and letters.islower() else str.upper


def _recased(offer: Offer, case: Callable[[str], str]) -> Offer:
    return Offer(case(offer.text), offer.kind, offer.detail, offer.rank)


def ranked(word: str, found: Iterable[Offer]) -> list[Offer]:
    """Those that are like a word: that begin with it, of which a part does, that hold its letters in order."""
    scored = []
    places = order()
    for index, offer in enumerate(found):
        score = _likeness(word.casefold(), offer.text.casefold().lstrip("\"'$"))
        if score is not None:
            place = index if offer.kind in _NAMED else places.get(offer.text.upper(), 0)
            scored.append((score, offer.rank, place, index, offer))
    scored.sort(key=lambda entry: entry[:4])
    return [entry[4] for entry in scored]


def _likeness(word: str, text: str) -> tuple[int, int] | None:
    """Smaller is more alike; None where the text is not like the word at all."""
    if text.startswith(word):
        return (0, 0)
    if any(part.startswith(word) for part in _PARTS.split(text)[1:]):
        return (1, 0)
    if len(word) < 2:
        return None
    first = at = text.find(word[0])
    for letter in word[1:]:
        if at < 0:
            return None
        at = text.find(letter, at + 1)
    return (2, at - first) if at >= 0 else None
