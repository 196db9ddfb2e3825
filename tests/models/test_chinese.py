"""Chinese text: tokenizers learn its characters and words, and BM25 finds a title by a word."""

from dataclasses import replace

import numpy as np
import pytest

from shoplake.models.relevance.reading import Reader
from shoplake.models.relevance.scratch import scratch_base
from shoplake.models.relevance.settings import load_relevance
from shoplake.models.search.lexical import TermIndex
from shoplake.models.search.spelling import Speller
from shoplake.models.search.text import terms, words
from shoplake.models.search.titles import parts

TITLES = [
    "红色台灯",
    "LED护眼台灯5W",
    "实木书桌",
    "不锈钢保温杯500ml",
    "儿童书包",
    "Copper Lantern",
]


def best(query: str) -> set[str]:
    """The titles that BM25 gives a score."""
    index = TermIndex([terms(words(title)) for title in TITLES])
    scores = index.scores(index.queries([terms(words(query))]))[0]
    return {TITLES[i] for i in np.flatnonzero(scores > 0)}


def test_a_title_is_found_by_a_word_within_it():
    assert best("台灯") == {"红色台灯", "LED护眼台灯5W"}
    assert best("保温杯") == {"不锈钢保温杯500ml"}


def test_the_title_with_the_whole_word_comes_before_those_with_one_character_of_it():
    index = TermIndex([terms(words(title)) for title in TITLES])
    scores = index.scores(index.queries([terms(words("书包"))]))[0]
    assert TITLES[int(scores.argmax())] == "儿童书包"
    assert scores[TITLES.index("实木书桌")] > 0  # 书


def test_latin_letters_and_numbers_within_chinese_are_words_of_their_own():
    assert words("LED护眼台灯5W") == ["led", "护眼台灯", "5", "w"]
    assert best("led") == {"LED护眼台灯5W"}


def test_wide_letters_and_digits_are_those_of_ascii():
    assert words("ＬＥＤ　５００ｍｌ") == words("LED 500ml") == ["led", "500", "ml"]


def test_the_last_two_characters_say_what_the_thing_is():
    assert parts("红色台灯").thing == ["台灯"]


def test_spelling_leaves_chinese_as_it_is():
    assert Speller(["红色台灯架"] * 3).correct("蓝色台灯架") == ["蓝色台灯架"]


@pytest.mark.parametrize("family", ["bert", "gpt"])
def test_tokenizers_from_scratch_read_chinese_they_have_not_seen_in_that_order(family):
    config = load_relevance()
    config = replace(
        config,
        scratch=replace(config.scratch, family=family, vocabulary=400, layers=1, width=16, heads=2),
    )
    base = scratch_base([*TITLES, "台灯", "书桌"] * 3, config)
    reader = Reader(base, 40)
    ids = reader.tokens(["书桌台灯"])[0]
    said = base.tokenizer.decode(ids, skip_special_tokens=True).replace(" ", "")
    assert said == "书桌台灯"
    assert base.tokenizer.unk_token_id not in ids[:-1]


def test_a_gpts_tokenizer_learns_chinese_words_where_it_starts_from_bytes():
    config = load_relevance()
    config = replace(
        config,
        scratch=replace(config.scratch, family="gpt", vocabulary=400, layers=1, width=16, heads=2),
    )
    base = scratch_base([*TITLES, "台灯", "书桌"] * 3, config)
    [told] = Reader(base, 40).tokens(["台灯"])
    assert len(told) - 1 < len("台灯".encode())
