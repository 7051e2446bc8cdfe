"""How much there is."""

from __future__ import annotations

from cubeql.functions import FUNCTIONS
from cubeql.plan.rules import RULES
from reference import faults
from tests.docs.blocks import PAGES, blocks
from tests.support import cases


def text() -> str:
    """A line for each thing that is counted."""
    every = cases.all_cases()
    codes = [row.code for _, rows, _ in faults.STAGES for row in rows]
    counted = {
        "functions": len(FUNCTIONS),
        "fault codes": len(codes),
        "fault codes shown by a case": len([c for c in codes if c in faults.shown()]),
        "golden cases": len(every),
        "golden cases with rows": len([c for c in every if "rows" in c.sections]),
        "golden cases of faults": len([c for c in every if "error" in c.sections]),
        "rules of the optimiser": len(RULES),
        "pages": len(PAGES),
        "blocks of CubeQL in pages": len(list(blocks("cubeql"))),
    }
    return "\n".join(f"{number:6}  {name}" for name, number in counted.items())
