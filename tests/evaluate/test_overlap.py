import pytest

from shoplake.evaluate.overlap import chrf, rouge_l


@pytest.mark.parametrize(
    ("text", "reference", "score"),
    [
        ("the cat sat", "The cat sat.", 1.0),
        ("the cat", "the black cat sat", 2 * 1.0 * 0.5 / 1.5),
        ("sat cat the", "the cat sat", 1 / 3),
        ("dog", "cat", 0.0),
        ("", "cat", 0.0),
    ],
)
def test_rouge_l_is_the_f1_of_the_longest_common_subsequence(text, reference, score):
    assert rouge_l(text, reference) == pytest.approx(score)


def test_chrf_of_one_letter_more_is_what_its_definition_says():
    # n = 1: precision 2/3, recall 1; n = 2: precision 1/2, recall 1; longer ones are in one only.
    precision = (2 / 3 + 1 / 2) / 2
    assert chrf("abc", "ab") == pytest.approx(5 * precision * 1 / (4 * precision + 1))


def test_chrf_is_one_for_equal_texts_and_none_for_texts_without_a_common_letter():
    assert chrf("a mug", "a mug") == 1
    assert chrf("abc", "xyz") == 0
