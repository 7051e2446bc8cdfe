"""Texts without what lets anybody in, for whatever is kept: the audit, the log."""

from __future__ import annotations

import logging
import re

_SECRET = re.compile(r"(cubeql_)\w{12,}|(\b(?:bearer|basic)\s+)[\w+/=.~-]{8,}", re.IGNORECASE)
_FORMATTER = logging.Formatter()


def scrubbed(text: str) -> str:
    """A text without tokens, bearers and logins."""
    return _SECRET.sub(lambda found: f"{found[1] or found[2]}***", text)


class Scrubbing(logging.Filter):
    """Takes what lets anybody in out of what is logged, errors and their places among it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let it through, scrubbed."""
        record.msg, record.args = scrubbed(record.getMessage()), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = scrubbed(record.exc_text)
            record.exc_info = None  # which others would format anew
        return True
