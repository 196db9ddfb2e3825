"""Whether Java takes a regular expression: Spark runs patterns in Java, and no Java runs here.

What Java alone has (`\\p{L}`, `\\h`, `[a-z&&[^x]]`, `\\Q..\\E`) becomes something of the same shape
that Python has, what Python alone has is refused, and Python's parser judges the rest.
"""

from __future__ import annotations

import re
import sys

_ESCAPE = re.compile(
    r"""\\(?:
      (?P<property>[pP](?:\{[\w=]+\}|[A-Z]))
    | (?P<code>x[0-9a-fA-F]{2}|x\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|0[0-7]{1,3}|c.|[tnrfae])
    | (?P<set>[dDsSwWhHvVRX])
    | (?P<edge>[bBAGZz](?:\{g\})?)
    | (?P<group>[1-9]|k<[A-Za-z][A-Za-z0-9]*>)
    | Q(?P<quoted>.*?)\\E
    | (?P<sign>[^A-Za-z0-9])
    )""",
    re.X | re.S,
)
_GROUP = re.compile(
    r"\((?:\?(?:(?P<plain>[:>=!]|<[=!])|<(?P<name>[A-Za-z][A-Za-z0-9]*)>"
    r"|(?P<flags>[idmsuxU]*(?:-[idmsuxU]+)?)(?P<end>[:)])))?"
)
_CONTROLS = {"t": 9, "n": 10, "r": 13, "f": 12, "a": 7, "e": 27}
_TIMES = re.compile(r"\{\d+(?:,\d*)?\}")


def check(pattern: str) -> None:
    """Refuse what Java would refuse.

    Raises:
        ValueError: why.
    """
    done, at = "", 0
    while at < len(pattern):
        part, at = _part(pattern, at)
        done += part
    try:
        re.compile(done)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(getattr(error, "msg", str(error))) from None


def _part(pattern: str, at: int) -> tuple[str, int]:
    """The next part in Python's spelling, and where the one after it starts."""
    char = pattern[at]
    if char == "\\":
        return _escape(pattern, at)
    if char == "[":
        return _class(pattern, at)
    if char == "(":
        return _group(pattern, at)
    if char == "{":
        times = _TIMES.match(pattern, at)
        if times is None:
            raise ValueError("in Java { starts a number of times, as in a{2,3}; else write \\{")
        return times[0], times.end()
    return char, at + 1


def _escape(pattern: str, at: int) -> tuple[str, int]:
    found = _ESCAPE.match(pattern, at)
    if found is None:
        raise ValueError(f"Java has no {pattern[at : at + 2]}")
    kind = found.lastgroup
    if kind == "quoted":
        return re.escape(found["quoted"]), found.end()
    if kind == "edge":
        return r"\b", found.end()
    if kind == "group":
        name = found["group"]
        return (f"(?P={name[2:-1]})" if name[0] == "k" else f"\\{name}"), found.end()
    return (found[0] if kind == "sign" else "x"), found.end()


def _coded(code: str) -> str:
    """`x41`, `u0041`, `0101`, `cA` or `n` as the character that it stands for."""
    if code[0] in "xu":
        number = int(code[1:].strip("{}"), 16)
    else:
        number = int(code[1:], 8) if code[0] == "0" else _CONTROLS.get(code) or ord(code[1]) ^ 64
    if number > sys.maxunicode:
        raise ValueError(f"there is no character \\{code}")
    return re.escape(chr(number))


def _class(pattern: str, at: int) -> tuple[str, int]:
    """A set of characters; in Java one may lie in another."""
    done, at = "[", at + 1
    if pattern.startswith("^", at):
        done, at = done + "^", at + 1
    nested, start = False, at
    while not (pattern.startswith("]", at) and at > start):
        if at >= len(pattern):
            raise ValueError("a set of characters that starts with [ has no ]; write \\[ for a [")
        if pattern[at] == "\\":
            found = _ESCAPE.match(pattern, at)
            if found is None or found.lastgroup in ("edge", "group"):
                raise ValueError(f"Java has no {pattern[at : at + 2]} in [..]")
            at = found.end()
            if found.lastgroup in ("sign", "code"):
                done += found[0] if found["sign"] else _coded(found["code"])
            else:
                done += r"\d"
                if pattern.startswith("-", at):  # After a set, Java takes it as it stands.
                    done, at = done + r"\-", at + 1
        elif pattern[at] == "[":
            _, at = _class(pattern, at)
            nested = True
        elif pattern.startswith("&&", at):
            nested, at = True, at + 2
        else:
            done, at = done + pattern[at], at + 1
    return ("x" if nested else done + "]"), at + 1


def _group(pattern: str, at: int) -> tuple[str, int]:
    found = _GROUP.match(pattern, at)
    if found is None or (pattern.startswith("(?", at) and found[0] == "("):
        raise ValueError(f"Java has no {pattern[at : at + 3]}")
    if found["name"]:
        return f"(?P<{found['name']}>", found.end()
    if "x" in (found["flags"] or "").partition("-")[0]:
        raise ValueError("(?x) is refused: a # in it would hide what stands behind the pattern")
    if found["end"] == ")":
        return "", found.end()  # Flags hold from here on; Python wants them at the start.
    # Java looks behind for as many characters as it takes, Python for a fixed number.
    behind = found["plain"] in ("<=", "<!")
    return ("(?=" if behind else "(" if found[0] == "(" else "(?:"), found.end()
