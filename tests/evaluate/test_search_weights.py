"""Weights of search from clicks: positions are taken out, what is clicked counts, few say nothing."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from shoplake.evaluate.click_weights import Clicks, fit_weights, looked_at
from shoplake.evaluate.search_past import moments
from shoplake.evaluate.search_weights import learn_weights
from shoplake.models.search.encoder import TextEncoder
from shoplake.serve.search import EXTRA, WEIGHTS, ShopSearch

COLOURS = ["red", "blue", "green", "pink", "grey", "gold"]
THINGS = ["lamp", "chair", "table", "mirror", "clock", "shelf"]
START = datetime(2026, 1, 1)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


def test_a_position_is_looked_at_as_its_products_are_clicked_there_and_above():
    # Both products are clicked half as often one position further down.
    rows = [("mug", p, k, n < 64 / k) for p in (0, 1) for k in (1, 2) for n in range(100)]
    # A product that was never elsewhere says nothing about positions.
    rows += [("pot", 2, 2, True)] * 500
    shown = pd.DataFrame(rows, columns=["query", "product", "position", "clicked"])
    seen = looked_at(shown.astype({"clicked": float}))
    assert seen[1] == 1
    assert seen[2] == pytest.approx(0.5, abs=0.02)


def test_weights_go_where_clicks_go_and_keep_their_sum():
    draw = np.random.default_rng(0)
    parts = draw.random((300, 5, len(WEIGHTS)))
    wanted = list(WEIGHTS).index("popularity")
    # The clicked one, first of each list, is the most popular of its list.
    parts[:, 0, wanted] = parts[:, :, wanted].max(1)
    there = np.ones((300, 5), dtype=bool)
    found = fit_weights(Clicks(parts, there, np.ones(300)))
    assert max(found, key=found.__getitem__) == "popularity"
    assert sum(found.values()) == pytest.approx(sum(WEIGHTS.values()))
    assert min(found.values()) >= 0


def test_parts_that_are_left_out_keep_no_weight():
    draw = np.random.default_rng(0)
    parts = draw.random((300, 5, len(WEIGHTS)))
    newest = list(WEIGHTS).index("newness")
    parts[:, 0, newest] = parts[:, :, newest].max(1)
    clicks = Clicks(parts, np.ones((300, 5), dtype=bool), np.ones(300))
    assert fit_weights(clicks)["newness"] > 0.5
    found = fit_weights(clicks, without=EXTRA)
    assert found["newness"] == found["cheapness"] == 0
    assert sum(found.values()) == pytest.approx(sum(WEIGHTS.values()))


def lake(clicks_on, since=(0,) * 6):
    """36 products, and 800 days of searches for a lamp whose clicks fall on one thing.

    `clicks_on` says of a day which; `since` has the day from which each thing is there.
    """
    names = [f"{c.title()} {t.title()}" for c in COLOURS for t in THINGS]
    rows = pd.DataFrame({"product_id": [f"p{i:02}" for i in range(36)], "name": names})
    first = [START + timedelta(days=since[i % 6]) for i in range(36)]
    rows = rows.assign(text="", price=1.0, people=0.0, available=True, first_at=first)
    search = ShopSearch(rows, None, TextEncoder.load("tiny", max_tokens=16))
    draw = np.random.default_rng(1)
    shown = []
    for day in range(800):
        colour = day % 6
        there = [thing for thing in draw.permutation(6) if since[thing] <= day]
        for position, thing in enumerate(there, 1):
            said = (f"s{day}", f"{COLOURS[colour]} lamp {day % 401}", 6 * colour + thing, position)
            shown.append((*said, float(thing == clicks_on(day)), START + timedelta(days=day)))
    names = ["session_id", "query", "product", "position", "clicked", "at"]
    people = [50 if i % 6 == 2 else 1 for i in range(36)]
    shown = pd.DataFrame(shown, columns=names)
    sold = [
        pd.DataFrame({"product": range(36), "people": people, "as_of": m}) for m in moments(shown)
    ]
    return search, shown, pd.concat(sold)


@pytest.mark.slow
def test_weights_that_find_what_is_clicked_later_are_used():
    search, shown, sold = lake(clicks_on=lambda day: 2)
    found = learn_weights(search, shown, sold, seed=0)
    assert found.passed
    assert found.gain.low > 0
    behaviour = sum(found.weights[name] for name in ("clicks", "popularity"))
    assert behaviour > WEIGHTS["clicks"] + WEIGHTS["popularity"]


@pytest.mark.slow
def test_newness_counts_where_clicks_speak_for_it():
    # People click what came last: of these, no click and no purchase of before knows.
    since = (0, 0, 330, 330, 610, 610)
    last = {0: 0, 330: 2, 610: 4}
    search, shown, sold = lake(lambda day: last[max(s for s in since if s <= day)], since)
    found = learn_weights(search, shown, sold, seed=0)
    assert found.passed
    assert found.weights["newness"] > 0
    assert "more, used" in found.reason


def test_few_clicks_leave_the_fixed_weights():
    search, shown, sold = lake(clicks_on=lambda day: 2)
    found = learn_weights(search, shown.head(300), sold, seed=0)
    assert not found.passed
    assert found.weights == WEIGHTS
    assert "fixed weights" in found.reason
