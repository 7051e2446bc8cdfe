"""Laws: whatever is typed, nothing raises, places lie in the text, and what is offered can stand."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cubeql.functions import FUNCTIONS
from cubeql.lang.lr import can_follow, states_after
from cubeql.lang.tokens import Token, tokenize
from cubeql.service import Completion, check, complete, highlight, hover, is_complete, statement_at
from tests.lang.reading import TWELVE
from tests.service.typing import CATALOG, CURSORS

_LANGUAGE = """
SELECT FROM JOIN LEFT SEMI ON TIME AS OF SAME DAY NEAREST WITHIN USING ( ) , . ; * + - / ^ = <> < || :: [ ]
FILTER WHERE GROUP ORDER BY HAVING QUALIFY LIMIT OFFSET AT RESOLUTION VERSION WITH UNION ALL NOT IN IS NULL DISTINCT
BETWEEN AND OR CASE WHEN THEN ELSE END CAST OVER PARTITION ROWS RANGE CURRENT ROW EXPLAIN SHOW BANDS DESCRIBE
CREATE LAYER OR REPLACE INSERT INTO DROP IF EXISTS COPY TO SET DURING BBOX ZONE CELL DATE INTERVAL s2 dem landcover
ndvi class time cell elevation avg count season m 1 0.5 1e3 'maize' '2024' ' '' " "a" $p ? $ -- /* */ # § == x1 nd
"""
_WORDS = _LANGUAGE.split()
_soup = st.lists(st.sampled_from(_WORDS), max_size=14).flatmap(
    lambda words: st.lists(st.sampled_from([" ", " ", " ", "", "\n"]), min_size=len(words), max_size=len(words)).map(
        lambda gaps: "".join(w + g for w, g in zip(words, gaps))
    )
)
_real = st.sampled_from([*TWELVE, *CURSORS])
_cut = st.tuples(_real, st.integers(0, 300), st.integers(0, 300)).map(lambda c: c[0][: c[1]] + c[0][c[1] + c[2] :])
_any = st.one_of(_soup, _cut, st.text(max_size=30), st.tuples(_cut, _soup).map("".join))
_offsets = st.integers(-2, 320)


@settings(max_examples=400, deadline=None)
@given(_any, _offsets)
def test_no_text_and_no_place_raises(text: str, offset: int) -> None:
    for found in complete(text, offset, CATALOG):
        assert 0 <= found.start <= found.end <= len(text)
    help_ = hover(text, offset, CATALOG)
    if help_ is not None:
        assert 0 <= help_.span.start < help_.span.end <= len(text)
    written, span = statement_at(text, offset)
    assert text[span.start : span.end] == written
    is_complete(text)


@settings(max_examples=200, deadline=None)
@given(_any)
def test_faults_lie_in_the_text(text: str) -> None:
    for fault in check(text, CATALOG):
        assert fault.span is not None and 0 <= fault.span.start <= fault.span.end <= len(text)


@settings(max_examples=300, deadline=None)
@given(_any)
def test_colours_cover_each_character_at_most_once(text: str) -> None:
    end = 0
    for paint in highlight(text):
        assert end <= paint.start < paint.end <= len(text)
        end = paint.end


def _before(text: str, end: int) -> tuple[Token, ...]:
    """The tokens, of the statement around a place, that begin before it."""
    tokens = [token for token in tokenize(text, len(text) + 1).tokens if token.start < end]
    first = next((i for i in range(len(tokens), 0, -1) if tokens[i - 1].type == "SEMICOLON"), 0)
    return tuple(tokens[first:])


def _stands(text: str, offer: Completion) -> bool:
    inserted = text[: offer.start] + offer.text + text[offer.end :]
    return can_follow(states_after(()), _before(inserted, offer.start + len(offer.text)), ends=False)


@settings(max_examples=300, deadline=None)
@given(st.one_of(_soup, _cut), _offsets)
def test_what_is_offered_can_stand(text: str, offset: int) -> None:
    found = complete(text, offset, CATALOG)
    if found and can_follow(states_after(()), _before(text[: found[0].start], len(text)), ends=False):
        assert [offer.text for offer in found if not _stands(text, offer)] == []


def test_every_word_of_real_statements_is_offered_where_it_stands() -> None:
    """Except names that are being given, and functions, layers and columns that are not there."""
    missing = []
    for text in TWELVE:
        tokens = tokenize(text).tokens
        for i, token in enumerate(tokens):
            given_here = i and tokens[i - 1].text.upper() in ("AS", "WITH") and token.keyword != "OF"
            unknown = token.text.casefold() in UNKNOWN or (i > 1 and tokens[i - 2].text in UNKNOWN)
            if token.type != "NAME" or given_here or unknown:
                continue
            called = i + 1 < len(tokens) and tokens[i + 1].text == "(" and token.keyword is None
            if called and token.text.casefold() not in FUNCTIONS:
                continue
            typed = token.start + min(2, len(token.text))
            texts = {w for c in complete(text, typed, CATALOG) for w in (c.text, c.text.split()[0], c.text.rstrip("("))}
            if token.text.casefold() not in {t.casefold() for t in texts}:
                missing.append((text[: token.end][-60:], sorted(texts)[:8]))
    assert missing == []


UNKNOWN = {"stations", "station", "counties", "c", "m", "j"}
