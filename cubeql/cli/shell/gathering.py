"""Results that are read to their end before anything is drawn of them."""

from __future__ import annotations

from cubeql.cli.output.kept import Kept
from cubeql.cli.output.layout import Written
from cubeql.errors import ConfigError
from cubeql.formats.rows import Rows


class Gathering:
    """A place that keeps all rows of one result."""

    kept: Kept
    at_once = False

    def write(self, rows: Rows) -> Written:
        """Read all rows.

        Raises:
            ConfigError: there are more than are kept.
        """
        self.kept = Kept(rows)
        for _ in self.kept:
            if self.kept.overflown:
                raise ConfigError(
                    f"the result has more than {self.kept.most:,} rows, which are not kept\n"
                    "  hint: LIMIT, or GROUP BY a coarser CELL(n), makes it smaller; .once FILE writes all rows"
                )
        return Written(self.kept.count)
