"""What the monitor finds in the evidence, and that it tells each thing once."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from shoplake.contracts.model import Contract
from shoplake.governance.monitor.alerts import AlertLog, Event, news, pending
from shoplake.governance.monitor.channels import channel
from shoplake.governance.monitor.evidence import read_evidence
from shoplake.governance.monitor.findings import Evidence, Finding, findings
from shoplake.governance.monitor.settings import ChannelSettings, load_monitor_settings
from shoplake.governance.run import Run

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAIVE = NOW.replace(tzinfo=None)
SETTINGS = load_monitor_settings()
EMPTY = Evidence([], [], {}, [])
LATE = Finding("silver.items", "freshness", "at", "warning", "late")


@pytest.fixture
def added(items: Contract) -> Contract:
    return dataclasses.replace(
        items, append_only=True, freshness=timedelta(days=2), freshness_column="at"
    )


def found(evidence: Evidence, contract: Contract) -> list[tuple[str, str, str]]:
    return [(f.topic, f.name, f.severity) for f in findings(evidence, [contract], SETTINGS, NOW)]


def ledger(*good: int, held: int = 0) -> Evidence:
    lines = [
        {
            "table_name": "silver.items",
            "batch_id": str(i),
            "rows_in": n,
            "rows_good": n,
            "rows_quarantined": 0,
        }
        for i, n in enumerate(good)
    ]
    lines[-1] |= {"rows_in": good[-1] + held, "rows_quarantined": held}
    return dataclasses.replace(EMPTY, ledger=lines)


def broken(*shares: tuple[int, int], kind: str = "range") -> Evidence:
    lines = [
        {"table_name": "silver.items", "batch_id": str(i), "rule": "price_range", "kind": kind,
         "rows_judged": judged, "rows_broken": n, "value": 7.0, "minimum": 1.0, "maximum": None}
        for i, (n, judged) in enumerate(shares)
    ]  # fmt: skip
    return dataclasses.replace(EMPTY, rules=lines)


@pytest.mark.parametrize(
    ("age_days", "expected"),
    [(1.9, []), (2.1, [("freshness", "at", "warning")]), (4.1, [("freshness", "at", "critical")])],
)
def test_a_table_is_late_when_its_newest_row_is_older_than_the_contract_allows(
    added: Contract, age_days: float, expected: list[tuple[str, str, str]]
) -> None:
    newest = (NOW - timedelta(days=age_days)).timestamp()
    assert found(dataclasses.replace(EMPTY, newest={"silver.items": newest}), added) == expected


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ((100, 102, 98, 101, 99, 97), []),
        ((100, 102, 98, 101, 99, 10), [("volume", "", "warning")]),
        ((100, 102, 98, 101, 99, 900), [("volume", "", "warning")]),
        ((100, 102, 98, 101, 99, 0), [("volume", "", "critical")]),
        ((100, 10), []),
    ],
    ids=["usual", "few", "many", "none", "too early to say"],
)
def test_an_added_batch_of_an_odd_size_is_found(
    added: Contract, batches: tuple[int, ...], expected: list[tuple[str, str, str]]
) -> None:
    assert found(ledger(*batches), added) == expected


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((100, 81), []),
        ((100, 79), [("volume", "", "warning")]),
        ((100, 0), [("volume", "", "critical")]),
    ],
)
def test_a_rebuilt_table_that_shrinks_is_found(
    items: Contract, rows: tuple[int, int], expected: list[tuple[str, str, str]]
) -> None:
    assert found(ledger(*rows), items) == expected


def test_a_batch_with_many_held_rows_is_found(items: Contract) -> None:
    assert found(ledger(96, held=4), items) == []
    assert found(ledger(90, held=10), items) == [("held", "", "warning")]


def test_a_rule_that_is_broken_more_than_usual_is_found(items: Contract) -> None:
    usual = [(2, 100)] * 5
    assert found(broken(*usual, (5, 100)), items) == []
    assert found(broken(*usual, (7, 100)), items) == [("rule", "price_range", "warning")]


def test_a_broken_rule_about_the_batch_is_found_at_once(items: Contract) -> None:
    assert found(broken((1, 100), kind="drift"), items) == [("rule", "price_range", "warning")]
    assert found(broken((0, 100), kind="drift"), items) == []


def test_a_held_file_is_found(items: Contract) -> None:
    held = dataclasses.replace(EMPTY, files=[{"shop": "corner", "file": "a.csv", "reason": "no"}])
    assert found(held, items) == [("files", "", "warning")]


def test_what_a_replay_holds_again_and_lets_in_is_no_news(added: Contract) -> None:
    usual = [("silver.items", str(i), 10_000, 9_990, 10, "ingest") for i in range(6)]
    lines = [*usual, ("silver.items", "again", 80, 30, 50, "replay")]
    names = ("table_name", "batch_id", "rows_in", "rows_good", "rows_quarantined", "step")
    rule = {"rule": "price_range", "kind": "range", "value": None, "minimum": None, "maximum": None}
    kept: dict[str, list[dict[str, object]]] = {
        "governance.ledger": [
            dict(zip(names, line, strict=True)) | {"finished_at": NAIVE + timedelta(minutes=i)}
            for i, line in enumerate(lines)
        ],
        "governance.rule_metrics": [
            {**rule, "table_name": table, "batch_id": batch, "rows_judged": rows,
             "rows_broken": broken, "finished_at": NAIVE + timedelta(minutes=i)}
            for i, (table, batch, rows, _, broken, _) in enumerate(lines)
        ],
    }  # fmt: skip

    class Kept:
        def rows(self, name: str, *_: object) -> list[dict[str, object]]:
            return kept.get(name, [])

    evidence = read_evidence(Kept(), [], timedelta(days=1), NOW)  # type: ignore[arg-type]
    assert len(evidence.ledger) == len(evidence.rules) == 6
    assert found(evidence, added) == []


def test_an_alert_opens_worsens_and_closes_and_says_nothing_in_between() -> None:
    worse = dataclasses.replace(LATE, severity="critical")
    past: list[Event] = []
    told = []
    for hour, present in enumerate([[LATE], [LATE], [worse], [worse], [LATE], [], [], [LATE]]):
        events = news(past, present, NAIVE + timedelta(hours=hour))
        past += events
        told.append([e.event for e in events])
    assert told == [["opened"], [], ["worse"], [], [], ["closed"], [], ["opened"]]
    assert len({e.event_id for e in past}) == 4


def test_a_channel_that_could_not_be_told_is_told_next_time_and_the_other_is_not_again(
    run: Run,
) -> None:
    log = AlertLog(run.lake, run.contracts["governance.alerts"])
    log.update([LATE], NAIVE)
    sent: list[list[str]] = []

    def works(events: object) -> None:
        sent.append([e.event_id for e in events])  # type: ignore[attr-defined]

    def refuses(_: object) -> None:
        raise OSError("no route")

    assert log.deliver("log", works, NAIVE) == 1
    with pytest.raises(OSError, match="no route"):
        log.deliver("webhook", refuses, NAIVE)

    again = AlertLog(run.lake, run.contracts["governance.alerts"])
    assert again.update([LATE], NAIVE + timedelta(hours=1)) == []
    assert again.deliver("log", works, NAIVE) == 0
    assert again.deliver("webhook", works, NAIVE) == 1
    assert sent[0] == sent[1]
    assert [e.message for e in again.still_open] == ["late"]


def test_evidence_is_what_runs_have_left(run: Run, items: Contract) -> None:
    rows = run.lake.spark.createDataFrame(
        [("a", 5.0, "ann", "r1"), ("b", 150.0, "bob", "r2")],
        "id string, price double, owner string, row_id string",
    )
    run.build("silver.items", lambda _: rows, inputs=())
    evidence = read_evidence(run.lake, run.contracts, timedelta(days=1), datetime.now(UTC))
    assert [(r["table_name"], r["rows_in"], r["rows_quarantined"]) for r in evidence.ledger] == [
        ("silver.items", 2, 1)
    ]
    shares = {r["rule"]: (r["rows_broken"], r["rows_judged"]) for r in evidence.rules}
    assert shares["price_range"] == (1, 2)


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """A loopback server that keeps what is posted to it."""
    bodies: list[dict[str, object]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", bodies
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("form", ["json", "slack"])
def test_a_webhook_gets_the_events(
    run: Run,
    receiver: tuple[str, list[dict[str, object]]],
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    url, bodies = receiver
    monkeypatch.setenv("HOOK", url)
    said = ChannelSettings("webhook", url_env="HOOK", format=form)  # type: ignore[arg-type]
    target = channel(said, run.lake.settings)
    assert target is not None
    name, send = target
    send(news([], [LATE], NAIVE))
    assert url not in name
    if form == "slack":
        assert bodies == [{"text": "warning: silver.items at: late"}]
    else:
        (event,) = bodies[0]["events"]  # type: ignore[misc]
        assert (event["topic"], event["at"]) == ("freshness", "2026-03-01T12:00:00+00:00")


def test_the_log_has_one_line_an_event(run: Run, tmp_path: Path) -> None:
    target = channel(ChannelSettings("log", path=str(tmp_path / "a" / "log")), run.lake.settings)
    assert target is not None
    target[1](news([], [LATE], NAIVE))
    (line,) = (tmp_path / "a" / "log").read_text().splitlines()
    assert json.loads(line)["event"] == "opened"


def test_a_webhook_without_an_address_is_passed_over(run: Run) -> None:
    assert (
        channel(ChannelSettings("webhook", url_env="NOT_SET_ANYWHERE"), run.lake.settings) is None
    )


def test_what_has_been_delivered_is_not_pending() -> None:
    (event,) = news([], [LATE], NAIVE)
    told = dataclasses.replace(event, event="delivered", channel="log")
    assert pending([event, told], "log") == []
    assert pending([event, told], "webhook") == [event]
