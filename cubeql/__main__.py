"""``python -m cubeql`` is the command ``cubeql``."""

from cubeql.cli.process import run

if __name__ == "__main__":
    run()
