"""Which type changes keep every value: those of Delta's type widening.

Source: Delta Lake documentation, "Delta type widening" (supported type changes); within arrays
and map values the same holds for the elements.
"""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"^decimal\((\d+),(\d+)\)$")
_NESTED = re.compile(r"^(array<|map<string,)(.*)>$")
_WIDER = {"int": ("bigint", "double"), "float": ("double",)}
#: Digits before the point that an integer type needs.
_DIGITS = {"int": 10, "bigint": 20}


def widens(old: str, new: str) -> bool:
    """Whether every value of the Spark SQL type `old` is one of the different type `new`."""
    if new in _WIDER.get(old, ()):
        return True
    wide = _DECIMAL.match(new)
    if wide:
        precision, scale = int(wide[1]), int(wide[2])
        if old in _DIGITS:
            return precision - scale >= _DIGITS[old]
        narrow = _DECIMAL.match(old)
        if narrow:
            more = scale - int(narrow[2])
            return old != new and more >= 0 and precision - int(narrow[1]) >= more
        return False
    outer, inner = _NESTED.match(old), _NESTED.match(new)
    return bool(outer and inner and outer[1] == inner[1] and widens(outer[2], inner[2]))
