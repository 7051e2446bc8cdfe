"""``python -m cubeql`` is the command ``cubeql``."""

import sys

from cubeql.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
