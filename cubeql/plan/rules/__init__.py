"""Rules that make a plan cheaper and leave its answer as it is; one rule a file, the order is this tuple."""

from collections.abc import Callable

from cubeql.plan.nodes import Node
from cubeql.plan.rules.choose_zones import choose_zones
from cubeql.plan.rules.count_alike import count_alike
from cubeql.plan.rules.drop_columns import drop_columns
from cubeql.plan.rules.name_groups_late import name_groups_late
from cubeql.plan.rules.open_queries import open_queries
from cubeql.plan.rules.prune_cells import prune_cells
from cubeql.plan.rules.prune_regions import prune_regions
from cubeql.plan.rules.prune_times import prune_times
from cubeql.plan.rules.prune_values import prune_values
from cubeql.plan.rules.push_filters import push_filters
from cubeql.plan.rules.push_into_queries import push_into_queries
from cubeql.plan.rules.share_keys import share_keys
from cubeql.plan.rules.share_points import share_points
from cubeql.plan.rules.share_regions import share_regions
from cubeql.plan.rules.share_tiles import share_tiles
from cubeql.plan.rules.use_overviews import use_overviews
from cubeql.plan.rules.use_summaries import use_summaries

Rule = Callable[[Node], Node]

RULES: tuple[Rule, ...] = (
    open_queries, share_keys, push_into_queries, drop_columns, push_filters, choose_zones, name_groups_late,
    prune_cells, prune_regions, share_regions, share_points, prune_times, use_overviews, use_summaries, prune_values,
    share_tiles, count_alike,
)  # fmt: skip
"""All rules in the order they are applied."""


def named(names: tuple[str, ...]) -> tuple[Rule, ...]:
    """The rules of these names, in their order."""
    return tuple(r for r in RULES if r.__name__ in names)


__all__ = ["RULES", "Rule", "named"]
