"""What is offered where, and what is not."""

from __future__ import annotations

import pytest

from tests.service.typing import offered, texts


def test_a_statement_begins_with_a_word_that_begins_one() -> None:
    found = texts("")
    assert found[:2] == ["SELECT", "FROM"] and "SHOW LAYERS" in found
    assert not {"FILTER", "AND", "SHOW"} & set(found)


def test_words_written_together_are_one_offer() -> None:
    assert texts("FROM s2 gr|") == ["group by"]
    assert texts("FROM s2 GROUP |") == ["BY"]
    assert "IS NOT NULL" in texts("SELECT ndvi FROM s2 FILTER ndvi |")
    assert texts("SELECT x FROM s2 ORDER BY x nul|")[:2] == ["nulls first", "nulls last"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("SELECT x FR|", "FROM"),
        ("SELECT x fr|", "from"),
        ("select x |", "from"),
        ("SELECT x |", "FROM"),
        ("SELECT AV|", "AVG("),
        ("SELECT av|", "avg("),
    ],
)
def test_words_are_offered_in_the_case_they_are_typed_in(text: str, found: str) -> None:
    assert found in texts(text)


def test_layers_stand_behind_from_and_join_only() -> None:
    assert texts("FROM la|")[0] == "landcover"
    assert texts("FROM s2 JOIN ra|", "layer")[:2] == ["rain", "rain_monthly"]
    assert texts("SELECT s2.ndvi FROM s2 FILTER |", "layer") == []
    assert texts("SHOW BANDS de|")[0] == "dem"


def test_a_layer_of_a_collection_is_found_by_either_part() -> None:
    assert texts("FROM wi|") == ["climate.wind"]
    assert texts("FROM climate.|") == ["wind"]


def test_columns_are_known_before_from_is_read() -> None:
    assert texts("SELECT nd| FROM s2")[0] == "ndvi"
    assert texts("SELECT ele|\nFROM s2 JOIN dem")[0] == "elevation"


def test_without_a_from_columns_of_all_layers_are_offered() -> None:
    found = [c for c in offered("SELECT prec|") if c.kind == "column"]
    assert [(c.text, c.detail) for c in found] == [("precip", "rain, rain_monthly")]


def test_qualified_names_are_those_of_one_source() -> None:
    assert texts("SELECT d.| FROM s2 JOIN dem AS d") == ["cell", "elevation"]
    assert texts("SELECT dem.| FROM s2 JOIN dem") == ["cell", "elevation"]
    assert texts("SELECT nobody.| FROM s2") == []


def test_a_name_of_two_sources_is_offered_qualified() -> None:
    found = texts("SELECT t2| FROM forecast AS f JOIN era5 AS e")
    assert {"f.t2m", "e.t2m"} <= set(found) and "t2m" not in found


def test_subqueries_and_named_queries_have_columns() -> None:
    named = "WITH m AS (FROM s2 GROUP BY cell SELECT cell, avg(ndvi) AS w) "
    assert texts(named + "SELECT m.| FROM m") == ["cell", "w"]
    assert "m" in texts(named + "FROM |", "alias")
    assert texts("SELECT q.tw| FROM (SELECT *, ndvi * 2 AS twice FROM s2) AS q") == ["twice"]
    assert texts("SELECT q.scl| FROM (SELECT * FROM s2) AS q") == ["scl"]


def test_the_cursor_in_a_subquery_sees_the_subquery_only() -> None:
    inside = texts("FROM dem FILTER cell IN (SELECT cell FROM rain FILTER |)", "column")
    assert "precip" in inside and "elevation" not in inside


def test_a_query_that_names_itself_ends() -> None:
    assert texts("WITH a AS (SELECT * FROM a) SELECT a.| FROM a") == []


def test_columns_that_only_a_semi_join_tests_are_offered_in_its_condition_only() -> None:
    assert "class" in texts("FROM s2 SEMI JOIN landcover ON |", "column")
    assert "class" not in texts("FROM s2 SEMI JOIN landcover FILTER |", "column")


def test_aliases_are_offered_where_they_are_known() -> None:
    text = "SELECT avg(ndvi) AS green_share, cell FROM s2 GROUP BY cell "
    assert "green_share" in texts(text + "ORDER BY gr|")
    assert "green_share" not in texts("SELECT ndvi AS green_share FROM s2 FILTER gr|")


def test_aggregates_stand_where_groups_are() -> None:
    assert "avg(" in texts("SELECT av| FROM s2")
    assert "avg(" not in texts("SELECT ndvi FROM s2 FILTER av|")
    assert "max(" not in texts("SELECT avg(ma|) FROM s2")
    assert "row_number(" not in texts("SELECT ndvi FROM s2 GROUP BY row|")


def test_functions_show_their_signatures() -> None:
    (found,) = [c for c in offered("SELECT quant| FROM s2") if c.text == "quantile("]
    assert found.detail.startswith("quantile(x number, q number)")


def test_class_names_are_offered_as_quoted_texts() -> None:
    every = ["'maize'", "'tree cover'", "'farmer''s own'", "'crop'"]
    assert texts("FROM landcover FILTER class = |", "class") == every
    assert texts("FROM landcover FILTER class = '|") == every
    assert texts("FROM landcover AS l FILTER l.class NOT IN ('maize', 'tr|") == ["'tree cover'"]
    assert texts("FROM landcover FILTER class <> 'own|") == ["'farmer''s own'"]
    assert texts("FROM s2 FILTER ndvi = '|") == []


def test_a_half_typed_text_hides_nothing_behind_it() -> None:
    (found,) = offered("SELECT cell FROM landcover FILTER class = 'ma| GROUP BY cell")
    assert found.text == "'maize'" and found.end - found.start == len("'ma")


def test_the_rest_of_a_word_and_a_closing_quote_are_replaced() -> None:
    text = "FROM landcover FILTER class = 'ma|ize' AND cell IS NULL"
    (found,) = offered(text)
    plain = text.replace("|", "")
    assert plain[: found.start] + found.text + plain[found.end :] == plain


def test_methods_are_those_that_suit_the_bands() -> None:
    assert "mean" in texts("FROM landcover JOIN dem USING |")
    assert texts("FROM s2 JOIN landcover USING m|")[0] == "min"
    assert "mean" not in texts("FROM s2 JOIN landcover USING |")
    assert texts("FROM dem JOIN s2 USING (nd|") == ["ndvi"]
    assert "mean" in texts("FROM dem JOIN s2 USING (ndvi |")
    assert "mean" not in texts("FROM dem JOIN s2 USING (ndvi mean, scl |")


def test_matches_in_time_and_units_follow_the_parser() -> None:
    found = texts("FROM s2 JOIN rain ON TIME |", "match")
    assert found[:3] == ["EQUAL", "SAME", "AS OF"] and "NEAREST" in found
    assert texts("FROM s2 JOIN rain ON TIME SAME |", "unit") == texts("FROM s2 JOIN rain ON TIME SAME |")
    assert "TIME" in texts("FROM s2 JOIN rain ON |", "keyword")


def test_regions_follow_within_of_a_cell() -> None:
    assert "BBOX(" in texts("FROM s2 FILTER cell WITHIN |", "region")
    assert "WITHIN" in texts("FROM s2 FILTER cell wi|".replace("wi", "WI"))
    assert "WITHIN" not in texts("FROM s2 FILTER ndvi WI|")


def test_no_clause_is_offered_twice_or_out_of_order() -> None:
    assert "FROM" not in texts("SELECT ndvi FROM s2 |")
    assert "SELECT" not in texts("SELECT ndvi FROM s2 |")
    assert "JOIN" not in texts("SELECT ndvi FROM s2 FILTER ndvi > 0 |")
    assert "GROUP BY" not in texts("SELECT ndvi FROM s2 | GROUP BY cell")
    assert "UNION ALL" not in texts("SELECT ndvi FROM s2 LIMIT 3 |")
    assert "FILTER" in texts("SELECT ndvi FROM s2 FILTER ndvi > 0 |")


def test_a_statement_without_its_semicolon_does_not_mix_with_the_next() -> None:
    text = "SELECT elev| FROM dem\n\nSELECT precip FROM rain"
    assert texts(text, "column") == ["elevation"]
    assert "FROM" in texts("SELECT elevation |\n\nSELECT precip FROM rain")


def test_words_with_two_readings_are_completed() -> None:
    assert texts("FROM s2 AT RES|") == ["RESOLUTION"]
    assert "AT RESOLUTION" in texts("FROM s2 AT|")
    assert texts("SELECT count(*) FILTER (|") == ["WHERE"]
    assert "FILTER (WHERE" in texts("SELECT count(*) FIL|")


def test_names_that_need_quotes_get_them() -> None:
    assert '"time of day"' in texts("SELECT | FROM odd")
    assert texts('SELECT "tim| FROM odd') == ['"time of day"']
    assert '"select"' in texts("SELECT sel| FROM odd")
    assert '"time"' in texts("FROM s2 JOIN rain ON |")


def test_parameters_are_those_known_and_those_written() -> None:
    assert texts("SELECT $| FROM s2 FILTER ndvi > $least", parameters=("aoi",)) == ["$aoi", "$least"]
    assert texts("FROM s2 FILTER cell WITHIN $a|", parameters=("aoi", "least")) == ["$aoi"]


@pytest.mark.parametrize("text", ["-- sel|", "/* sel|", "SELECT 1|", "SELECT 'a'|", "SELECT # x|", "SELECT 'ab|"])
def test_nothing_is_offered_in_comments_numbers_and_texts(text: str) -> None:
    assert texts(text) == []


def test_a_fault_before_the_cursor_does_not_silence_completion() -> None:
    assert texts("SELECT ,, nd| FROM s2")[0] == "ndvi"
    assert "rain" in texts("SELECT a b FROM s2 FILTER x y JOIN |")


def test_what_begins_like_the_word_comes_first() -> None:
    found = texts("SELECT ti| FROM s2")
    assert found[:2] == ["time", "time_bucket("]
    assert texts("FROM lncv|") == ["landcover"]
    assert texts("FROM lnvc|") == []


def test_the_word_under_the_cursor_is_replaced_as_a_whole() -> None:
    (found, *_) = offered("SELECT nd|wi FROM s2")
    assert (found.start, found.end) == (7, 11)
