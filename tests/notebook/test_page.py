"""The table of HTML by itself, and in a real browser."""

from __future__ import annotations

import pyarrow as pa
import pytest

from cubeql.engine.result import Result
from cubeql.formats.page import html_lines, html_table, in_page
from tests.notebook.page import rows_of

EVIL = "<script>document.title = 'taken'</script>&\x1b[2J"
SCHEMA = pa.schema(
    [
        pa.field("cell", pa.uint64(), metadata={b"cubeql.type": b"cell"}),
        pa.field("t2m", pa.float64(), metadata={b"cubeql.type": b"number", b"unit": b"degC"}),
        pa.field("kind", pa.int16(), metadata={b"cubeql.type": b"integer", b"cubeql.classes": b"1=A<b>"}),
        pa.field("<i>name", pa.string()),
    ]
)
TABLE = pa.table([[0x8400011FFFFFFFF, None], [-1.5, 2.25], [1, None], [EVIL, None]], schema=SCHEMA)


def test_text_of_data_is_never_markup() -> None:
    page = in_page([html_table(TABLE)])
    assert "<script" not in page and "<i>" not in page and "A<b>" not in page and "\x1b" not in page
    assert rows_of(page) == (
        ["cell cell", "t2m number · degC", "kind class", "<i>name text"],
        [
            ["8400011ffffffff", "-1.50", "A<b> (1)", EVIL.replace("\x1b", "\\x1b")],
            ["NULL", "2.25", "NULL", "NULL"],
        ],
    )
    lines = pa.table({"plan": ["a < b", EVIL]})
    assert html_lines(lines).startswith("<pre>a &lt; b\n&lt;script&gt;")


def test_long_texts_are_cut_and_rows_beyond_are_counted() -> None:
    page = html_table(pa.table({"a": ["x" * 1000] * 60}), 1234)
    assert "the first 50 of 1,234 rows in all" in page and len(rows_of(page)[1]) == 50
    assert rows_of(page)[1][0][0] == "x" * 299 + "…"
    assert "no rows" in html_table(TABLE.slice(0, 0)) and "1 row<" in html_table(TABLE.slice(0, 1))


def test_a_result_shows_itself_where_its_rows_are_kept_and_is_not_read_by_that() -> None:
    result = Result(SCHEMA, iter(TABLE.to_batches()))
    assert result._repr_html_() is None
    assert result.to_arrow().num_rows == 2
    shown = result._repr_html_()
    assert shown is not None and rows_of(shown)[1][1][1] == "2.25"
    assert "2 rows" in repr(result)


@pytest.mark.browser
def test_a_browser_shows_the_table_as_it_is_meant() -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            page = browser.new_page()
            page.set_content(f"<title>mine</title><body>{in_page([html_table(TABLE)])}</body>")
            style = "(e, what) => getComputedStyle(e)[what]"
            numbers, missing, soft = (page.locator(q) for q in ("td.number", "td.null", "td .soft"))
            assert page.title() == "mine"
            assert numbers.first.evaluate(style, "textAlign") == "right"
            assert missing.first.evaluate(style, "fontStyle") == "italic"
            assert soft.first.inner_text() == "ffffffff"
            assert float(soft.first.evaluate(style, "opacity")) < 0.6
            boxes = [numbers.nth(n).bounding_box() for n in range(2)]
            assert all(box is not None for box in boxes)
            assert len({round(box["x"] + box["width"]) for box in boxes if box}) == 1
        finally:
            browser.close()
