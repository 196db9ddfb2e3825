"""Patterns run in Java: the verdicts here are those of `java.util.regex.Pattern` 17."""

from __future__ import annotations

import pytest

from shoplake.contracts.java_pattern import check


@pytest.mark.parametrize(
    "pattern",
    [
        r"[0-9]+",
        r"\p{L}+\pN\P{IsGreek}",
        r"(?<x>a)\k<x>",
        r"[a-z&&[^x]][[a]b]",
        r"[\w-\.]+@[\w-]+",
        r"[]a][^]a]",
        r"[a-\x{1F600}\x41-\x5A\u0041-z]",
        r"\Qa[b\E",
        r"\0101\cA\e\h\R",
        r"a++b*+(?>c){2,}?",
        r"(?<=a*)b(?<!a|bc)",
        r"a(?i)b(?-i:c)",
        r"}|",
    ],
)
def test_what_java_takes_is_taken(pattern: str) -> None:
    check(pattern)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?P<x>a)", r"Java has no \(\?P"),
        (r"(?#x)a", r"Java has no \(\?#"),
        (r"(a)(?(1)b|c)", r"Java has no \(\?\("),
        (r"a{,3}", "number of times"),
        (r"{", "number of times"),
        (r"\y", r"Java has no \\y"),
        (r"a\Qb", r"Java has no \\Q"),
        (r"[[]", "has no ]"),
        (r"[\b]", r"in \[\.\.\]"),
        (r"[z-a]", "bad character range"),
        (r"(a", "missing"),
        (r"a)", "unbalanced"),
        (r"*a", "nothing to repeat"),
        (r"(?x) a # b", "would hide"),
        (r"\x{FFFFFFF}[\x{FFFFFFF}]", "no character"),
    ],
)
def test_what_java_refuses_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(pattern)
