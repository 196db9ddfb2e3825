from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest

from shoplake.models.recommenders.als import Als, AlsConfig
from shoplake.models.recommenders.content import Content, ContentConfig, title_vectors
from shoplake.models.recommenders.ease import Ease, EaseConfig
from shoplake.models.recommenders.gpt_titles import GptTitles, GptTitlesConfig
from shoplake.models.recommenders.interactions import Interactions, Recommender
from shoplake.models.recommenders.item_knn import ItemKnn, ItemKnnConfig
from shoplake.models.recommenders.ncf import Ncf, NcfConfig
from shoplake.models.recommenders.personal import Personal, PersonalConfig
from shoplake.models.recommenders.popularity import Popularity, PopularityConfig
from shoplake.models.recommenders.sasrec import Sasrec, SasrecConfig
from shoplake.models.recommenders.session_knn import SessionKnn, SessionKnnConfig

# Two worlds, 0-3 and 4-7; within each, item i is followed by the next one.
WORLDS = [[0, 1, 2, 3], [1, 2, 3, 0], [4, 5, 6, 7], [5, 6, 7, 4], [2, 3, 0, 1], [6, 7, 4, 5]]
SEEN = Interactions.of(WORLDS * 30, catalogue=8)
ASKED = Interactions.of([[0], [4, 5]], catalogue=8)
TITLES = [
    "red cup",
    "red mug",
    "red cup big",
    "red mug big",
    "saw",
    "saw blade",
    "blade",
    "big saw",
]

FAMILIES: dict[str, Recommender] = {
    "item_knn": ItemKnn(ItemKnnConfig()),
    "item_knn of baskets": ItemKnn(ItemKnnConfig(window=0)),
    "stan": SessionKnn(SessionKnnConfig()),
    "vsknn": SessionKnn(SessionKnnConfig(distance_decay=0, session_decay=0)),
    "als": Als(AlsConfig(factors=4)),
    "ease": Ease(EaseConfig(l2=1.0)),
    "content": Content(ContentConfig(), title_vectors(TITLES, 4)),
    "sasrec": Sasrec(SasrecConfig(dimension=8, epochs=40, negatives=8, learning_rate=0.01)),
    "ncf": Ncf(NcfConfig(dimension=8, hidden=8, epochs=40, negatives=4, learning_rate=0.02)),
    "gpt_titles": GptTitles(
        GptTitlesConfig(dimension=16, layers=1, epochs=40, negatives=16, learning_rate=0.01),
        np.eye(8, dtype=np.float32),
    ),
}


@pytest.mark.parametrize("name", list(FAMILIES))
def test_a_family_finds_the_world_of_a_history(name: str) -> None:
    scores = deepcopy(FAMILIES[name]).fit(SEEN).scores(ASKED)
    assert scores.shape == (2, 8)
    assert scores.dtype == np.float32
    scores[ASKED.rows, ASKED.items] = -np.inf
    best = scores.argmax(axis=1)
    assert best[0] < 4 <= best[1]


@pytest.mark.parametrize("name", ["item_knn", "stan", "sasrec", "gpt_titles"])
def test_a_family_that_knows_order_finds_the_next_item(name: str) -> None:
    family = deepcopy(FAMILIES[name])  # what was trained before would go on from there
    if name == "item_knn":
        family = ItemKnn(ItemKnnConfig(backward=0.0, gap_decay=0.3))
    if name == "stan":
        family = SessionKnn(SessionKnnConfig(distance_decay=0.5, position_decay=0.5))
    scores = family.fit(SEEN).scores(Interactions.of([[1], [6]], catalogue=8))
    scores[[0, 1], [1, 6]] = -np.inf
    assert np.sort(np.argsort(-scores[0])[:2]).tolist() in ([0, 2], [2, 3])
    if name != "stan":  # it knows distance, not direction
        assert scores.argmax(axis=1).tolist() == [2, 7]


@pytest.mark.parametrize("name", ["ncf", "gpt_titles"])
def test_a_network_ranks_what_follows_above_what_is_popular(name: str) -> None:
    # Item 7 is the most popular of all, but nobody has it together with 0 to 2.
    seen = Interactions.of([[0, 1, 2]] * 60 + [[7, 6]] * 90, catalogue=8)
    asked = Interactions.of([[0, 1]], catalogue=8)
    popular = Popularity(PopularityConfig()).fit(seen).scores(asked)
    scores = deepcopy(FAMILIES[name]).fit(seen).scores(asked)
    scores[asked.rows, asked.items] = -np.inf
    assert popular.argmax() != 2
    assert scores.argmax() == 2


def test_titles_carry_a_recommendation_to_an_item_nobody_has_chosen() -> None:
    vectors = np.eye(8, dtype=np.float32)
    vectors[3] = vectors[2]  # item 3 reads like item 2
    seen = Interactions.of([[0, 1, 2], [4, 5, 6]] * 60, catalogue=8)
    config = GptTitlesConfig(dimension=16, layers=1, epochs=30, negatives=8, learning_rate=0.01)
    scores = GptTitles(config, vectors).fit(seen).scores(Interactions.of([[0, 1]], catalogue=8))
    assert scores[0, 3] > np.delete(scores[0], [2, 3]).max()


def test_ease_solves_its_ridge_regressions() -> None:
    model = Ease(EaseConfig(l2=3.0)).fit(SEEN)
    x = SEEN.matrix().toarray().astype(np.float64)
    column = 2
    others = np.arange(8) != column
    gram = x[:, others].T @ x[:, others] + 3.0 * np.eye(7)
    expected = np.linalg.solve(gram, x[:, others].T @ x[:, column])
    np.testing.assert_allclose(model.weights[others, column], expected, atol=1e-4)
    assert not np.diag(model.weights).any()


def test_als_trusts_what_was_seen_as_much_when_it_learns_as_when_it_folds_in() -> None:
    """At the end of the alternations each side solves its least squares, given the other."""
    config = AlsConfig(factors=2, iterations=400, regularization=1.0, alpha=3.0, history_decay=1.0)
    rows = [[0, 1], [1, 2], [0, 2, 3], [3]]
    model = Als(config).fit(Interactions.of(rows, 4))
    seen = Interactions.of(rows, 4).matrix().toarray()
    ridge = config.regularization * np.eye(2)

    def solved(other: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        trust = np.diag(1 + config.alpha * chosen)
        return np.linalg.solve(other.T @ trust @ other + ridge, other.T @ trust @ chosen)

    people = np.stack([solved(model.items, row) for row in seen])
    items = np.stack([solved(people, column) for column in seen.T])
    np.testing.assert_allclose(items, model.items, atol=1e-3)


def test_popularity_of_late_counts_late_rows_only() -> None:
    seen = Interactions.of([[0]] * 9 + [[1]], catalogue=2)
    asked = Interactions.of([[]], catalogue=2)
    assert Popularity(PopularityConfig()).fit(seen).scores(asked).tolist() == [[9, 1]]
    late = Popularity(PopularityConfig(recent=True, recent_rows=0.1)).fit(seen)
    assert late.scores(asked).tolist() == [[0, 1]]


@pytest.mark.parametrize(("by", "first"), [("frequency", 2), ("recency", 1)])
def test_personal_orders_by_frequency_or_by_recency_before_the_popular(by: str, first: int) -> None:
    days = np.array([50, 40, 3], dtype=np.float32)
    history = Interactions(np.array([2, 2, 1]), np.array([0, 3]), 4, days)
    model = Personal(PersonalConfig(by=by)).fit(Interactions.of([[3]] * 9, catalogue=4))  # type: ignore[arg-type]
    order = np.argsort(-model.scores(history)[0]).tolist()
    assert order[0] == first
    assert order[2:] == [3, 0]


def test_a_session_voter_is_one_of_the_nearest() -> None:
    seen = Interactions.of([[0, 1, 2], [0, 3]], catalogue=4)
    asked = Interactions.of([[1, 0]], catalogue=4)
    one = SessionKnn(SessionKnnConfig(neighbours=1, session_decay=0)).fit(seen).scores(asked)
    two = SessionKnn(SessionKnnConfig(neighbours=2, session_decay=0)).fit(seen).scores(asked)
    assert one[0, 3] == 0 < two[0, 3]


@pytest.mark.parametrize(
    ("titles", "size"),
    [
        (["red cup"], 3),
        (["cup", "cup", "cup"], 1),
        (["red cup", "blue mug"], 6),
        (["", "", ""], 1),
        (["红", "绿", "蓝"], 3),
        (["!", "-", "#"], 1),
    ],
)
def test_little_text_or_none_gives_vectors_all_the_same(titles: list[str], size: int) -> None:
    vectors = title_vectors(titles, 96)
    assert vectors.shape == (len(titles), size)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1).tolist() == pytest.approx(
        [float(any(c.isalnum() for c in title)) for title in titles]
    )


def test_titles_without_a_common_word_are_told_apart() -> None:
    for dimensions in (96, 30):
        vectors = title_vectors([f"word{i} other{i}" for i in range(40)], dimensions)
        alike = vectors @ vectors.T - np.diag((vectors**2).sum(axis=1))
        assert np.abs(alike).mean() < 0.1


def test_no_title_at_all_leaves_every_item_the_same() -> None:
    vectors = title_vectors([""] * 8, 96)
    assert not Content(ContentConfig(), vectors).fit(SEEN).scores(ASKED).any()
    config = GptTitlesConfig(dimension=16, layers=1, epochs=1, negatives=8)
    assert np.isfinite(GptTitles(config, vectors).fit(SEEN).scores(ASKED)).all()


@pytest.mark.parametrize("items", [1, 3, 7, 33])
def test_sasrec_learns_from_a_catalogue_of_any_size(items: int) -> None:
    rows = [[i % items, (i + 1) % items] for i in range(60)]
    model = Sasrec(SasrecConfig(epochs=1, negatives=8)).fit(Interactions.of(rows, items))
    assert np.isfinite(model.scores(Interactions.of([[0], []], items))).all()


def test_recency_goes_before_frequency_however_long_ago() -> None:
    # Item 1 was chosen last, once; item 2 a day before that, five times; item 3 as item 2, once.
    for last in (0, 200, 4000):
        days = np.array([last + n for n in (50, 40, 30, 20, 1, 1, 0)], dtype=np.float32)
        history = Interactions(np.array([2, 2, 2, 2, 2, 3, 1]), np.array([0, 7, 7]), 5, days)
        popular = Interactions.of([[4]] * 9 + [[3]], catalogue=5)
        scores = Personal(PersonalConfig(by="recency")).fit(popular).scores(history)
        assert np.argsort(-scores[0], kind="stable").tolist() == [1, 2, 3, 4, 0]
        assert (scores[0, 1:4] > 1).all()
        assert (scores[1] < 1).all()


def test_equal_recency_and_frequency_leave_it_to_popularity_and_else_tie() -> None:
    days = np.zeros(3, dtype=np.float32)
    history = Interactions(np.array([0, 1, 2]), np.array([0, 3]), 3, days)
    popular = Interactions.of([[1]], catalogue=3)
    scores = Personal(PersonalConfig(by="recency")).fit(popular).scores(history)[0]
    assert scores[1] > scores[0] == scores[2]


def test_titles_in_chinese_are_alike_where_they_share_words() -> None:
    vectors = title_vectors(["红色台灯", "蓝色台灯", "红色毛巾", "钢笔"], 4)
    cosine = vectors @ vectors.T
    assert cosine[0, 1] > 0.3
    assert cosine[0, 2] > 0.3
    assert abs(cosine[0, 3]) < 0.1
