"""Personal data: found in columns and in free text, masked, measured; no Spark in here."""

from __future__ import annotations

from shoplake.governance.personal.columns import column_kind
from shoplake.governance.personal.detect import find, mask
from shoplake.governance.personal.spans import KINDS, Span

__all__ = ["KINDS", "Span", "column_kind", "find", "mask"]
