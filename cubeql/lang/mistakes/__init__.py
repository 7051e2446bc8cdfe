"""Mistakes by name: what a statement that is not CubeQL was meant to be.

``situation`` (where the parser stopped), ``words`` (terminals in plain words, words like others), and the
mistakes themselves: ``statements``, ``queries``, ``expressions``, ``general``. Each mistake is a function
that looks at a situation and knows it or not; the first that knows it speaks.
"""

from cubeql.lang.mistakes import expressions as e
from cubeql.lang.mistakes import general as g
from cubeql.lang.mistakes import queries as q
from cubeql.lang.mistakes import statements as s
from cubeql.lang.mistakes.situation import Finding, Mistake, Situation, first_of

# Order matters: what is sure of itself comes before what guesses.
MISTAKES: tuple[Mistake, ...] = (
    s.row_change,
    s.transaction,
    s.other_statement,
    s.create_table,
    s.create_if_not_exists,
    s.column_list,
    s.insert_values,
    s.insert_columns,
    s.copy_layer,
    s.show_from,
    s.describe_kind,
    s.set_to,
    s.grant_right,
    s.attach_unquoted,
    s.attach_without_name,
    q.select_nothing,
    q.star_without,
    e.empty_list,
    g.reserved_word,
    g.trailing_comma,
    g.double_comma,
    e.extract_from,
    e.case_without_end,
    g.closing_bracket,
    g.open_bracket,
    e.aggregate_filter,
    q.select_without_from,
    q.limit_comma,
    q.comma_join,
    q.left_semi_join,
    q.join_kind,
    q.join_using_columns,
    q.top_n,
    q.fetch_first,
    q.union_without_all,
    q.except_all,
    q.with_recursive,
    q.with_columns,
    q.with_parentheses,
    q.select_into,
    q.system_time,
    q.as_of_in_from,
    q.version_without_at,
    q.sample_percent,
    q.resolution_without_at,
    q.on_time_condition,
    q.distinct_on,
    q.over_parentheses,
    q.named_window,
    q.groups_frame,
    q.file_as_layer,
    e.chained_comparison,
    e.is_value,
    e.not_comparison,
    e.between_comma,
    e.interval_text,
    e.in_parentheses,
    e.text_needed,
    e.subquery,
    e.pattern_operator,
    e.time_zone,
    e.else_if,
    e.region_text,
    e.region_parentheses,
    g.name_as_text,
    q.other_word,
    g.misspelt_keyword,
    q.frame_bound,
    q.time_match,
    e.region_expected,
    s.create_other,
    q.by_missing,
    g.text_as_name,
    q.alias_without_as,
    s.no_statement_word,
    g.missing_word,
)


def explain(situation: Situation) -> Finding:
    """What is wrong where the parser stopped."""
    return first_of(MISTAKES, situation) or g.unexpected(situation)


__all__ = ["MISTAKES", "Finding", "Situation", "explain"]
