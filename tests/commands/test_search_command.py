"""`shoplake search` on a folder of judgements: finds, explains, keeps its model, refuses clearly."""

import json

import pandas as pd
import pytest

from shoplake.cli import main

THINGS = ["drill bit", "shower head", "ceiling fan", "wall shelf", "garden hose", "door mat"]
MAKERS = ["Acme", "Bolt", "Crane", "Delta"]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOPLAKE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    rows = [
        (
            f"{maker.lower()} {thing}",
            f"{made} 3/4 in. {held.title()}",
            3.0 if held == thing else 1.0,
        )
        for maker in MAKERS
        for thing in THINGS
        for made in MAKERS
        for held in THINGS[:3]
    ]
    frame = pd.DataFrame(rows, columns=["search_term", "product_title", "relevance"])
    (tmp_path / "judged").mkdir()
    frame.to_csv(tmp_path / "judged" / "rows.csv", index=False)
    return tmp_path / "judged"


def found(capsys, *arguments):
    main(["search", *map(str, arguments), "--json"])
    return json.loads(capsys.readouterr().out)


def test_a_misspelt_query_with_a_measure_is_understood_and_the_model_is_kept(
    folder, capsys, tmp_path
):
    first = found(capsys, "acme 3/4-inch dril bit", "--data", folder, "--top", 2)
    assert first["understood"] == "acme 0.75 inch drill bit"
    assert "Drill Bit" in first["hits"][0]["name"]
    for hit in first["hits"]:
        assert hit["score"] == pytest.approx(hit["words"] + hit["meaning"] + hit["behaviour"])
    assert list((tmp_path / "cache" / "search").glob("*.pickle"))
    assert found(capsys, "acme 3/4-inch dril bit", "--data", folder, "--top", 2) == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([" "], "an empty query"),
        (["!!!"], "a query without a word or a number"),
        (["🙂", "--data", "nowhere"], "a query without a word or a number"),
        (["mug", "--top", "0"], "--top is 0"),
        (["mug", "--data", "nowhere"], "no such folder"),
        (["mug", "--lake", "nowhere"], "there is no lake here"),
    ],
)
def test_what_cannot_be_answered_is_said(arguments, said, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["search", *arguments])
    assert stopped.value.code == 1
    assert said in capsys.readouterr().out
