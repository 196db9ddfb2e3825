"""A person out of a lake with streams, a change feed and a trained model, killed on the way."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from order_lines import LINES, NAMES, count_lines, lines
from pyspark.sql import SparkSession
from small_loop import Loop

import shoplake.erase.person as erasing
from shoplake.cli import main
from shoplake.errors import ModelError
from shoplake.governance.erasure.order import open_orders
from shoplake.governance.erasure.values import Value
from shoplake.governance.erasure.verify import search
from shoplake.models.tracking import Registry
from shoplake.refine.pseudonym import Secret, pseudonym
from shoplake.runtime.console import console
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.settings import Settings
from shoplake.runtime.sql import query, tables
from shoplake.steps import job


@dataclass(frozen=True)
class Erased:
    """A lake from which a person is gone, what identified them, and what others had before."""

    settings: Settings
    ids: list[str]
    values: list[Value]
    others: dict[str, object]
    files: dict[str, bytes]
    refusal: str
    own_texts: set[tuple[str, str]]

    def step(self, name: str, *more: str) -> None:
        job(name)(["--lake", self.settings.lake, "--shop", "builtin", *more])


def others(settings: Settings, keys: list[str], ids: list[str]) -> dict[str, object]:
    """Digests of everybody else's rows."""
    names = ", ".join(f"'{k}'" for k in (*keys, *ids))
    return {
        table: query(
            settings,
            f"SELECT count(*) AS n, sum(length({row})) AS size, min({row}) AS a, max({row}) AS b"
            f" FROM {table} WHERE coalesce({person}, '') NOT IN ({names})",
        )
        for table, person, row in (
            ("bronze.orders", "person_id", "_raw"),
            ("bronze.people", "person_id", "_raw"),
            ("silver.orders", "person_key", "row_id"),
            ("gold.interest", "person_key", "product_id"),
            ("gold.training_examples", "person_key", "example_id"),
            (LINES, "person_id", "person_id"),
        )
    }


def texts_of(settings: Settings, keys: list[str], *, theirs: bool) -> set[tuple[str, str]]:
    """(kind, text) of what the person wrote, or what everybody else did, as gold.texts has it."""
    written = (
        "SELECT 'review' AS kind, concat_ws('\n', title, text) AS said, person_key FROM silver.reviews"
        " UNION ALL SELECT 'message', text, person_key FROM silver.messages"
        " UNION ALL SELECT 'query', query, person_key FROM silver.searches"
    )
    rows = query(settings, written)
    mine = [r for r in rows if r["said"] and (r["person_key"] in keys) == theirs]
    return {(r["kind"], r["said"].strip()) for r in mine}


@pytest.fixture(scope="module")
def erased(loop: Loop, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Erased:
    root = tmp_path_factory.mktemp("erase") / "lake"
    shutil.copytree(loop.settings.root, root)
    shutil.copy(f"{loop.settings.lake}.key", f"{root}.key")
    settings = dataclasses.replace(loop.settings, lake=str(root))
    key = Secret(pseudonym_key(settings))
    trained = {
        r["person_key"] for r in query(settings, "SELECT person_key FROM gold.training_examples")
    }
    people = query(settings, "SELECT * FROM bronze.people WHERE link_key IS NOT NULL")
    by_link: dict[str, list[dict]] = {}
    for row in people:
        by_link.setdefault(row["link_key"], []).append(row)
    link, theirs = next(
        (link, rows)
        for link, rows in sorted(by_link.items())
        if len({r["person_id"] for r in rows}) > 1
        and pseudonym(f"builtin:link:{link}", key) in trained
    )
    ids = sorted({r["person_id"].strip() for r in theirs})
    keys = [pseudonym(f"builtin:{i}", key) for i in ids] + [pseudonym(f"builtin:link:{link}", key)]
    values = [
        *(Value("id", i) for i in ids),
        *(Value("key", k) for k in keys),
        *(Value("email", r["email"]) for r in theirs if r["email"]),
        Value("link", link),
    ]
    mail = next(v.text for v in values if v.kind == "email")
    (root / "logs").mkdir()
    (root / "logs" / "serve.log").write_bytes(f"sent to {mail}\nsent to bob\n".encode("utf-16"))
    files = {
        str(p.relative_to(root)): p.read_bytes()
        for p in (root / "raw" / "people").rglob("*")
        if p.is_file() and any(i in gzip.decompress(p.read_bytes()).decode() for i in ids)
    }
    count_lines(spark, settings, store="HDFSBacked")
    count_lines(spark, settings, store="RocksDB")
    assert list((root / "gold" / "lines" / "_change_data").glob("*.parquet"))
    main(["catalog", "--lake", str(root)])
    own = texts_of(settings, keys, theirs=True) - texts_of(settings, keys, theirs=False)
    before = others(settings, keys, ids)
    kill_after(2, lambda: main(["erase", "--subject", f"builtin:{ids[0]}", "--lake", str(root)]))
    assert len(open_orders(root)) == 1
    with console.capture() as said, pytest.raises(SystemExit):
        main(["erase", "--subject", f"builtin:{ids[-1]}", "--lake", str(root)])
    assert len(open_orders(root)) == 1
    shutil.rmtree(root / "checkpoints" / "RocksDB")
    main(["erase", "--subject", f"builtin:{ids[-1]}", "--lake", str(root)])
    assert not open_orders(root)
    made = Erased(settings, ids, values, before, files, " ".join(said.get().split()), own)
    assert others(settings, keys, ids) == before
    return made


def kill_after(calls: int, act: Callable[[], None]) -> None:
    """Do it, but die in the purge of the table after `calls` tables."""
    real, count = erasing.purge_table, iter(range(calls))

    def dying(*args: object) -> dict[str, int]:
        if next(count, None) is None:
            raise KeyboardInterrupt
        return real(*args)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(erasing, "purge_table", dying)
        with pytest.raises(KeyboardInterrupt):
            act()


def test_no_byte_of_the_lake_or_the_model_store_names_them(erased: Erased) -> None:
    found = search([erased.settings.root], erased.values)
    assert found.places == ()
    assert found.unread == ()
    assert found.files > 200


def test_rocksdb_state_is_reported_with_what_to_do(erased: Erased) -> None:
    assert "checkpoints/RocksDB: it is not rewritten. Stop the query" in erased.refusal
    assert "checkpoints/HDFSBacked: it is not rewritten" not in erased.refusal
    assert not any(v.text in erased.refusal for v in erased.values)


def test_what_only_they_wrote_is_gone_however_short(loop: Loop, erased: Erased) -> None:
    def kept(settings: Settings) -> set[tuple[str, str]]:
        rows = query(settings, "SELECT kind, text FROM gold.texts")
        return {(r["kind"], r["text"]) for r in rows}

    assert any(len(text) < 40 for _, text in erased.own_texts)
    assert erased.own_texts <= kept(loop.settings)
    assert kept(erased.settings) == kept(loop.settings) - erased.own_texts


def test_the_catalogue_is_gone(erased: Erased) -> None:
    assert not (erased.settings.root / "catalog").exists()


def test_verify_agrees_and_the_chain_of_certificates_holds(
    erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    mail = next(v.text for v in erased.values if v.kind == "email")
    where = ["--value", mail, "--lake", erased.settings.lake]
    main(["erase", "--verify", f"builtin:{erased.ids[0]}", *where])
    assert "1 certificate(s), chain unbroken" in capsys.readouterr().out


def test_verify_fails_while_they_are_still_there(
    loop: Loop, erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["erase", "--verify", f"builtin:{erased.ids[0]}", "--lake", loop.settings.lake])
    assert erased.ids[0] not in capsys.readouterr().out


def test_the_certificate_counts_and_names_nobody(erased: Erased) -> None:
    (path,) = (erased.settings.root / "erasures").glob("*.json")
    said = json.loads(path.read_text())
    assert said["tables"]["bronze.people"]["rows_removed"] >= 2
    assert said["tables"]["silver.orders"]["rows_removed"] > 0
    assert said["files"]["raw: records removed"] > 0
    assert said["models_marked"] == ["two_tower 1"]
    assert said["manifest_before"] != said["manifest_after"]
    assert not any(v.text in path.read_text() for v in erased.values)


def test_other_lines_of_a_log_stay(erased: Erased) -> None:
    text = (erased.settings.root / "logs" / "serve.log").read_bytes().decode("utf-16")
    assert text == "sent to ***\nsent to bob\n"


def test_the_model_that_learned_from_them_cannot_be_promoted(
    erased: Erased, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelError, match="blocked until retrained without them"):
        Registry.of(erased.settings).promote("1", True, "passed")
    main(["status", "--lake", erased.settings.lake])
    assert "two_tower 1; blocked from promotion" in capsys.readouterr().out.replace("\n", " ")


def test_they_do_not_come_back_in_a_file_and_the_rest_of_it_does(erased: Erased) -> None:
    root = erased.settings.root
    for number, content in enumerate(erased.files.values()):
        day = root / "raw" / "people" / f"day=2026-02-{16 + number % 2}" / f"again{number}.csv.gz"
        day.parent.mkdir(parents=True, exist_ok=True)
        day.write_bytes(content)
    lines = sum(gzip.decompress(c).decode().count("\n") - 1 for c in erased.files.values())
    before = query(erased.settings, "SELECT count(*) AS n FROM bronze.people")[0]["n"]
    erased.step("ingest", "--data", f"{root}/raw", "--before", "2026-02-18")
    after = query(erased.settings, "SELECT * FROM bronze.people")
    left_out = query(erased.settings, "SELECT sum(records) AS n FROM governance.suppressed")
    assert not {r["person_id"].strip() for r in after if r["person_id"]} & set(erased.ids)
    assert left_out[0]["n"] >= 2
    assert len(after) - before + left_out[0]["n"] == lines


def test_what_is_built_again_has_nothing_of_them_and_then_rests(erased: Erased) -> None:
    for name in ("refine", "label"):
        erased.step(name)
    found = search(
        [erased.settings.root / x for x in ("silver", "gold", "governance")], erased.values
    )
    assert found.places == ()
    versions = {t: _version(erased.settings, t) for t in tables(erased.settings)}
    for name in ("refine", "label"):
        erased.step(name)
    assert {t: _version(erased.settings, t) for t in tables(erased.settings)} == versions


def test_a_stream_goes_on_from_its_checkpoint_without_them(
    erased: Erased, spark: SparkSession
) -> None:
    orders = erased.settings.root / "raw" / "orders"
    counted = lines(erased.settings)
    assert len(counted) > 20
    assert not set(erased.ids) & set(counted)
    someone = next(who for who in sorted(counted, key=str) if who)
    line = ",".join(someone if name == "customer" else "" for name in NAMES)
    (orders / "day=2026-02-18").mkdir(exist_ok=True)
    late = orders / "day=2026-02-18" / "late.csv.gz"
    late.write_bytes(gzip.compress(f"{','.join(NAMES)}\n{line}\n".encode()))
    count_lines(spark, erased.settings, store="HDFSBacked")
    files = [gzip.decompress(path.read_bytes()).decode() for path in orders.rglob("*.csv.gz")]
    rows = [row for file in files for row in csv.DictReader(file.splitlines())]
    sent = [row["customer"].strip() for row in rows]
    assert lines(erased.settings) == counted | {someone: sent.count(someone)}
    assert sent.count(someone) > 1


def test_a_query_begun_anew_does_not_meet_them(erased: Erased, spark: SparkSession) -> None:
    count_lines(spark, erased.settings, store="RocksDB")
    assert not set(erased.ids) & set(lines(erased.settings))


def _version(settings: Settings, table: str) -> int:
    log = settings.root / table.replace(".", "/") / "_delta_log"
    return max(int(p.stem) for p in log.glob("*.json"))
