"""A subject's values out of text: strong ones wherever they stand, weak ids under their names."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from shoplake.governance.erasure.order import Subject
from shoplake.governance.erasure.values import joined, mask_regexes, names_regex, patterns

MASK = "***"


def masker(subject: Subject) -> Callable[[pd.Series], pd.Series]:
    """A function over a column of texts that replaces the subject's values by `***`.

    A JSON record stays a JSON record. Texts without a value, nearly all, are passed over at the
    speed of RE2.
    """
    looked_for = joined(patterns(subject.searched, subject.id_names))
    clean = cleaner(subject)

    def masked(texts: pd.Series) -> pd.Series:
        if not looked_for:
            return texts
        data = pa.array(texts, pa.large_string(), from_pandas=True).cast(pa.large_binary())
        found_by = [pc.match_substring_regex(data, regex) for regex in looked_for]
        either = pc.fill_null(reduce(pc.or_kleene, found_by), False)
        hits = either.to_numpy(zero_copy_only=False)
        if not hits.any():
            return texts
        found = texts.copy()
        found[hits] = texts[hits].map(clean)
        return found

    return masked


def cleaner(subject: Subject) -> Callable[[str], str]:
    """As `masker`, for one text."""
    strong = mask_regexes(subject.searched)
    weak = [v for v in subject.searched if v.is_weak_id]
    names = names_regex(subject.id_names)
    named = [
        re.compile(
            rf"(?i:({names}[\\'\"\s:=#\[>(]{{1,8}}))"
            rf"{re.escape(v.text)}(?:\.0+)?(?![0-9A-Za-z_-]|\.[0-9])"
        )
        for v in weak
    ]
    fields = [re.compile(rf"(?<=[,;|\t\"]){re.escape(v.text)}(?:\.0+)?(?=[,;|\\\"])") for v in weak]

    def clean(text: str) -> str:
        for regex in strong:
            text = regex.sub(MASK, text)
        for regex in named:
            text = regex.sub(rf"\g<1>{MASK}", text)
        for regex in fields if text.startswith('{"_line"') else ():
            text = regex.sub(MASK, text)
        return text

    return clean
