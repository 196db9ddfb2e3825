"""File globs of a mapping: `*` and `?` stay within a folder, `**` crosses folders."""

from __future__ import annotations

import re


def glob_fault(glob: str) -> str | None:
    """Why `glob` cannot match a file of the shop's folder, and what to write; None when it can."""
    if not glob or glob != glob.strip():
        return "a glob without surrounding spaces is needed, such as '*.csv'"
    if "\\" in glob:
        return "write '/' between folders"
    if re.match(r"^(/|[A-Za-z][A-Za-z0-9+.-]*:)", glob):
        return "write it relative to the shop's data folder, without a leading '/' or scheme"
    parts = glob.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "leave out empty parts, '.' and '..'"
    if any("**" in part and part != "**" for part in parts):
        return "'**' stands alone between '/', as in 'sales/**/*.csv'"
    if parts[-1] == "**":
        return "end it with a file name, as in '**/*.csv'"
    if glob.count("[") != glob.count("]") or "[]" in glob or "[!]" in glob:
        return "close the '[', as in '[0-9]*.csv'"
    try:
        glob_pattern(glob)
    except re.error as error:
        return f"not a glob: {error}"
    return None


def glob_pattern(glob: str) -> re.Pattern[str]:
    """The regular expression that a whole relative path must match."""
    out = ""
    i = 0
    while i < len(glob):
        char = glob[i]
        if glob.startswith("**/", i):
            out += "(?:[^/]+/)*"
            i += 3
            continue
        if char == "*":
            out += "[^/]*"
        elif char == "?":
            out += "[^/]"
        elif char == "[":
            end = glob.index("]", i + 2)
            chosen = glob[i + 1 : end].replace("\\", r"\\")
            out += f"[^/{chosen[1:]}]" if chosen.startswith("!") else f"[{chosen}]"
            i = end
        else:
            out += re.escape(char)
        i += 1
    return re.compile(out, re.DOTALL)
