"""Each kind of page says what it is for."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from pond import write_lake

from shoplake.catalog.site import site
from shoplake.runtime.settings import Settings, load


class Page(HTMLParser):
    """The texts, links and ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [v for k in ("href", "src") if (v := given.get(k))]
        self.ids += [v] if (v := given.get("id")) else []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


SAYS = {
    "index.html": [
        "Catalogue of pond",
        "2 broken",
        "Batches that balance 4 of 4",
        "duck 2 is champion",
        "Late tables 0 of 1",
        "refine 2026-11-02 00:00",
    ],
    "tables/silver.orders.html": [
        "Orders, cleaned.",
        "one row per order",
        "Owner Ada Lovelace Team Bob Tarn (steward)",
        "orders-help",
        "version 1.2.0, active",
        "The order .",
        "◐ pseudonym",
        "amount_positive nothing is free",
        "amount > 0",
        "✕ 2 of 5 (40%)",
        "row count ≥ 2",
        "✓ fresh newest 2026-11-01 00:00, limit 2 d",
        "6 rows in 3 good; 2 held; 1 repeated",
        "Comes from bronze.people",
        "Goes to gold.drafts , model:duck",
        "bronze.people person_id (identity, masked)",
        "which rows there are",
        "shoplake quarantine show silver.orders",
    ],
    "tables/gold.drafts.html": ["This table has no contract.", "draft"],
    "quality.html": ["amount_positive", "enough_rows", "✕ 1", "silver.orders 2"],
    "lineage.html": ["nodes and", "files:pond", "model:duck", "Read off the plans"],
    "models.html": ["Pond recommender version 2", "★ champion", "✕ blocked by an erasure"],
    "models/duck-2.html": [
        "Ranks ducks.",
        "Lists of ducks.",
        "Geese.",
        "It knows no swans.",
        "cut 2026-10-01, full catalogue",
        "0.234 (0.224–0.244)",
        "popularity 0.123 (0.113–0.133)",
        "1,200 people",
        "platform: app 40 new ndcg@10 0.300 0.290–0.310 0.200 0.190–0.210 popularity",
        "ε 4.800 at δ 1e-05, by RDP",
        "by time",
        "abc123",
        "silver.orders 0 1.2.0",
        "✓ No erasure has marked this version.",
        "from 5 at step 0 to 1",
        "learning_rate 0.1",
        "baselines 2026-11-01 00:00 hold beats swans offline 2026-11-01 00:00 canary not worse",
    ],
    "models/duck-1.html": ["request e-42", "blocked from promotion"],
    "people.html": [
        "silver.orders.person_key",
        "● shown",
        "◍ keyed hash, groups ≥ 10",
        "– no access",
        "bronze.people.name",
    ],
    "glossary.html": ["person_key Keyed pseudonym. silver.orders", "not described bronze.people"],
}  # fmt: skip


@pytest.mark.parametrize(("path", "said"), [(p, s) for p, found in SAYS.items() for s in found])
def test_page_says(path: str, said: str, files: dict[str, str]) -> None:
    assert said in Page(files[path]).text


def test_column_values_are_of_the_last_batch_and_all_rows(files: dict[str, str]) -> None:
    text = Page(files["tables/silver.orders.html"]).text
    assert "25% 2.5 – 9.25 4.167" in text
    assert "2026-11-01 – 2026-11-02" in text
    assert not {"77", "888", "31,337"} & set(text.split())


def test_every_link_leads_somewhere(files: dict[str, str], folder: Path) -> None:
    ids = {(folder / path).resolve(): set(Page(text).ids) for path, text in files.items()}
    for path, text in files.items():
        if not path.endswith(".html"):
            continue
        for link in Page(text).links:
            if link.startswith(("data:", "https://")):
                continue
            place, _, fragment = link.partition("#")
            target = (
                ((folder / path).parent / unquote(place)).resolve()
                if place
                else (folder / path).resolve()
            )
            assert target.is_file(), f"{path}: {link}"
            assert not fragment or unquote(fragment) in ids[target], f"{path}: {link}"


def test_search_index_leads_somewhere(files: dict[str, str]) -> None:
    entries = json.loads(
        files["assets/index.js"].removeprefix("window.shoplakeIndex = ").rstrip(";\n")
    )
    kinds = {kind for kind, *_ in entries}
    assert kinds == {"page", "table", "column", "rule", "model"}
    for *_, address in entries:
        path, _, fragment = address.partition("#")
        assert not fragment or fragment in Page(files[path]).ids, address


def test_ids_are_unique_within_a_page(files: dict[str, str]) -> None:
    for path, text in files.items():
        ids = Page(text).ids
        assert len(ids) == len(set(ids)), path


def test_nothing_is_loaded_from_elsewhere(files: dict[str, str]) -> None:
    for path, text in files.items():
        loaded = re.findall(r"""(?:src=|url\(|@import|<link[^>]*href=)["']?([^"' )>]+)""", text)
        assert all(not found.startswith(("http", "//")) for found in loaded), path


def test_the_same_lake_gives_the_same_bytes(
    files: dict[str, str], pond: Settings, conf: Path
) -> None:
    assert site(pond, conf) == files


def test_every_chart_has_a_title_and_its_values_as_text(files: dict[str, str]) -> None:
    charts = re.findall(r'<svg class="chart".*?</svg>', "".join(files.values()), re.S)
    assert len(charts) > 10
    for chart in charts:
        title, said = re.search(r'aria-labelledby="(\S+) (\S+)"', chart).groups()  # type: ignore[union-attr]
        assert re.search(f'<title id="{title}">[^<]+</title>', chart)
        assert re.search(f'<desc id="{said}">[^<]+</desc>', chart)


def test_a_lake_without_evidence_has_a_site(tmp_path: Path, conf: Path) -> None:
    write_deltalake(str(tmp_path / "gold" / "drafts"), pa.table({"draft": ["x", "y"]}))
    made = site(dataclasses.replace(load("local"), lake=str(tmp_path)), conf)
    home = Page(made["index.html"]).text
    assert "The ledger has no run yet." in home
    assert "Under contract, but not in this lake: bronze.people, silver.orders" in home
    assert "The ledger has no batch of this table." in Page(made["tables/gold.drafts.html"]).text
    assert "No model is registered yet." in Page(made["models.html"]).text


def test_without_recorded_lineage_the_ledger_tells(tmp_path: Path, conf: Path) -> None:
    lake = write_lake(tmp_path / "lake")
    shutil.rmtree(lake / "governance" / "lineage")
    made = site(dataclasses.replace(load("local"), lake=str(lake)), conf)
    assert "From the ledger" in Page(made["lineage.html"]).text
    orders = Page(made["tables/silver.orders.html"]).text
    assert "Comes from bronze.people" in orders
    assert "model:duck" in orders, "the data a version was trained on"
