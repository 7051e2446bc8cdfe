"""Words and marks that are not CubeQL's.

``{found}`` is what was written, ``{right}`` what it should be.
"""

from cubeql.errors.catalogue.rows import Fault

ROWS: tuple[Fault, ...] = (
    Fault(
        "unclosed_text",
        "the text that opens here is never closed",
        "close it with ', and write a ' inside a text as ''",
        "SELECT name FROM counties FILTER name = 'Oberbayern",
    ),
    Fault(
        "unclosed_name",
        "the quoted name that opens here is never closed",
        'close it with "; a text stands in single quotes',
        'SELECT "leaf area FROM s2',
    ),
    Fault(
        "unclosed_comment",
        "the comment that opens here is never closed",
        "close it with */",
        "SELECT * FROM s2 /* all",
    ),
    Fault("empty_name", "a name cannot be empty", "an empty text is written ''", 'SELECT "" FROM s2'),
    Fault(
        "unquoted_time",
        "{found} without quotes is arithmetic, not a date",
        "write {right}; TIMESTAMP '…' makes an instant to compute with",
        "SELECT * FROM s2 FILTER time > 2024-05-01",
    ),
    Fault(
        "unquoted_cell",
        "the cell {found} stands without quotes",
        "write {right}",
        "SELECT * FROM s2 FILTER cell WITHIN CELL 8928308280fffff",
    ),
    Fault(
        "number_runs_into_letters",
        "the number {found} runs into letters",
        "write durations and lengths in quotes, such as '14 days' or '10 km';"
        " a name cannot begin with a digit",
        "SELECT * FROM s2 FILTER cell WITHIN CIRCLE(11.6, 48.1, 10km)",
    ),
    Fault(
        "double_equals",
        "CubeQL compares with =, not {found}",
        "write {right}",
        "SELECT * FROM s2 FILTER scl == 4",
    ),
    Fault(
        "turned_comparison",
        "there is no operator {found}",
        "write {right}",
        "SELECT * FROM dem FILTER elevation => 100",
    ),
    Fault(
        "ampersand",
        "CubeQL writes AND, not {found}",
        "write {right}",
        "SELECT * FROM s2 FILTER ndvi > 0 && scl = 4",
    ),
    Fault(
        "exclamation_mark",
        "CubeQL writes NOT, not {found}",
        "write {right}",
        "SELECT * FROM s2 FILTER !(scl = 4)",
    ),
    Fault("double_star", "the power operator is ^, not {found}", "write {right}", "SELECT ndvi ** 2 FROM s2"),
    Fault(
        "smart_quotes",
        "{found} has typographic quotes",
        "write {right}",
        "SELECT * FROM s2 FILTER time IN ‘2024’",
    ),
    Fault(
        "backtick",
        "names are quoted with double quotes, not backticks: {found}",
        "write {right}",
        "SELECT `ndvi` FROM s2",
    ),
    Fault(
        "hash_comment", "# begins no comment here", "comments begin with --", "SELECT * FROM s2 # all of it"
    ),
    Fault(
        "colon_parameter", "{found} is no parameter", "write {right}", "SELECT * FROM s2 FILTER scl = :class"
    ),
    Fault(
        "numbered_parameter",
        "{found} is no parameter",
        "give it a name, such as $limit, or write ? for the next unnamed one",
        "SELECT * FROM s2 FILTER scl = $1",
    ),
    Fault(
        "lookalike",
        "{found} looks like an operator or bracket but is another character",
        "write {right}",
        "SELECT nir − red FROM s2",
    ),
    Fault(
        "invisible_character",
        "there is an invisible character here: {name}",
        "delete it",
        "SELECT\u200b ndvi FROM s2",
    ),
    Fault(
        "backslash_in_text",
        "a backslash does not keep a text open",
        "write a ' inside a text as ''",
        "SELECT * FROM s2 FILTER name = 'it\\'s'",
    ),
    Fault(
        "bit_operator",
        "there is no operator {found}",
        "CubeQL writes OR and ||; a bit of a number is tested with arithmetic: qa // 8 % 2 = 1 is bit 3",
        "SELECT * FROM s2 FILTER qa & 8 = 8",
    ),
    Fault(
        "backslash",
        "a backslash has no meaning here",
        "write a ' inside a text as ''; a statement may run over several lines without a mark",
        "SELECT ndvi \\ FROM s2",
    ),
    Fault(
        "unknown_character",
        "the character {found} ({name}) has no meaning here",
        None,
        "SELECT ndvi @ 2 FROM s2",
    ),
    Fault("number_too_large", "this number is too large", None, "SELECT 1e999 FROM s2"),
)
