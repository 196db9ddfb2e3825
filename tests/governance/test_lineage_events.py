"""OpenLineage events: their shape, the file, and an HTTP endpoint that may fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pyspark.sql import functions as F

from shoplake.contracts.model import Contract
from shoplake.errors import GovernanceError
from shoplake.governance.ledger import Counts
from shoplake.governance.lineage.edges import Edge
from shoplake.governance.lineage.events import Datasets, event
from shoplake.governance.lineage.record import Lineage
from shoplake.governance.run import Run

FACET = {
    "type": "object",
    "required": ["_producer", "_schemaURL"],
    "properties": {
        "_producer": {"pattern": "^[a-z]+:"},
        "_schemaURL": {
            "pattern": r"^https://openlineage\.io/spec/facets/\d-\d-\d/(\w+)\.json#/\$defs/\w+$"
        },
    },
}
FACETS = {"type": "object", "additionalProperties": FACET}
NAMED: dict[str, Any] = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {"namespace": {"minLength": 1}, "name": {"minLength": 1}, "facets": FACETS},
}
UUID = "^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"
TRANSFORMATION = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"enum": ["DIRECT", "INDIRECT"]},
        "subtype": {
            "enum": [
                *("IDENTITY", "TRANSFORMATION", "AGGREGATION"),
                *("JOIN", "GROUP_BY", "FILTER", "SORT", "WINDOW", "CONDITIONAL"),
            ]
        },
        "description": {"type": "string"},
        "masking": {"type": "boolean"},
    },
}
FIELDS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["namespace", "name", "field"],
        "properties": {"transformations": {"type": "array", "items": TRANSFORMATION}},
    },
}
COLUMN_LINEAGE = {
    "type": "object",
    "required": ["fields"],
    "properties": {
        "fields": {
            "type": "object",
            "additionalProperties": {
                "required": ["inputFields"],
                "properties": {"inputFields": FIELDS},
            },
        },
        "dataset": FIELDS,
    },
}
#: What specification 2-0-2 and its facets require of a run event, in our words.
RUN_EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$"},
        "producer": {"pattern": "^[a-z]+:"},
        "schemaURL": {
            "const": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        },
        "run": {
            "required": ["runId"],
            "properties": {"runId": {"pattern": UUID}, "facets": FACETS},
        },
        "job": NAMED,
        "inputs": {"type": "array", "items": NAMED},
        "outputs": {
            "type": "array",
            "items": {
                **NAMED,
                "properties": {
                    "outputFacets": FACETS,
                    "facets": {**FACETS, "properties": {"columnLineage": COLUMN_LINEAGE}},
                },
            },
        },
    },
}


def events(run: Run) -> list[dict[str, Any]]:
    path = Path(run.lake.settings.lake, "lineage", "events.ndjson")
    return [json.loads(line) for line in path.read_text().splitlines()]


def tell(run: Run, items: Contract, error: Exception | None = None) -> None:
    """A build of silver.items without building it: only what is told of it."""
    edges = [
        Edge(
            "j", "silver.items", "price", "bronze.items", "cents", "direct", "aggregation, masked"
        ),
        Edge("j", "silver.items", None, "bronze.items", "id", "indirect", "group, rule"),
        Edge("j", "silver.items", None, "bronze.other", None, "unknown", "not told by the plan"),
    ]
    with run.lineage.building(items, {"bronze.items": 4}) as building:
        building._edges = edges
        if error:
            raise error
        building.published(Counts(3, 2, 1, 0))


def test_a_build_is_told_from_start_to_end(run: Run, items: Contract) -> None:
    tell(run, items)
    start, end = events(run)
    for one in (start, end):
        jsonschema.validate(one, RUN_EVENT)
    assert (start["eventType"], end["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == end["run"]["runId"]
    assert end["run"]["facets"]["parent"]["job"]["name"] == "test"
    assert end["job"] == {"namespace": "shoplake", "name": "test.silver.items"}
    (output,) = end["outputs"]
    lake = run.lake.settings.lake
    assert (output["namespace"], output["name"]) == ("file", f"{lake}/silver/items")
    assert output["facets"]["symlinks"]["identifiers"][0]["name"] == "silver.items"
    assert {f["name"]: f["type"] for f in output["facets"]["schema"]["fields"]}["price"] == "double"
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert end["inputs"][0]["facets"]["version"]["datasetVersion"] == "4"
    lineage = output["facets"]["columnLineage"]
    source = {"namespace": "file", "name": f"{lake}/bronze/items"}
    assert lineage["fields"] == {
        "price": {
            "inputFields": [
                {
                    **source,
                    "field": "cents",
                    "transformations": [
                        {"type": "DIRECT", "subtype": "AGGREGATION", "masking": True}
                    ],
                }
            ]
        }
    }
    assert [t["subtype"] for t in lineage["dataset"][0]["transformations"]] == [
        "GROUP_BY",
        "FILTER",
    ]


def test_a_failure_is_told_without_values_of_the_data(run: Run, items: Contract) -> None:
    with pytest.raises(GovernanceError):
        tell(run, items, GovernanceError("rule price_range is broken", where="e.g. 12345"))
    with pytest.raises(ValueError, match="12345"):
        tell(run, items, ValueError("cannot cast 12345"))
    failed = [e for e in events(run) if e["eventType"] == "FAIL"]
    for one in failed:
        jsonschema.validate(one, RUN_EVENT)
    messages = [e["run"]["facets"]["errorMessage"]["message"] for e in failed]
    assert messages == ["rule price_range is broken", "ValueError"]


def test_a_feed_is_told_too(run: Run) -> None:
    run.lineage.columns("feed:x", run.lake.spark.range(1).select(F.lit(1).alias("n")))
    assert not Path(run.lake.settings.lake, "lineage").exists(), "constants come from nowhere"
    run.lineage.flows("model:m/1", [None], sources={"feed:x": ("n",)})
    kinds = [e["eventType"] for e in events(run)]
    assert kinds == ["START", "COMPLETE"]
    for one in events(run):
        jsonschema.validate(one, RUN_EVENT)
    assert events(run)[1]["outputs"][0]["name"] == "model:m/1"


def test_a_table_of_a_catalogue_has_its_three_names(run: Run) -> None:
    import dataclasses

    settings = dataclasses.replace(run.lake.settings, catalog="main", schema_prefix="dev_")
    named = Datasets(settings, "shoplake").name("silver.items")
    assert named == {"namespace": "unitycatalog", "name": "main.dev_silver.items"}


@pytest.fixture
def endpoint() -> Iterator[HTTPServer]:
    """A server on this machine that keeps what it is sent and answers `server.answer`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.got.append((self.path, self.headers.get("Authorization"), json.loads(body)))  # type: ignore[attr-defined]
            self.send_response(server.answer)  # type: ignore[attr-defined]
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answer = [], 201  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_are_posted_as_the_clients_of_openlineage_do(
    run: Run, items: Contract, endpoint: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{endpoint.server_port}/")
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "key")
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "shop")
    tell(run, items)
    assert [(path, key) for path, key, _ in endpoint.got] == [("/api/v1/lineage", "Bearer key")] * 2  # type: ignore[attr-defined]
    assert [e for _, _, e in endpoint.got] == events(run)  # type: ignore[attr-defined]
    assert events(run)[0]["job"]["namespace"] == "shop"


def test_an_endpoint_that_fails_is_warned_of_once_and_not_asked_again(
    run: Run,
    items: Contract,
    endpoint: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{endpoint.server_port}")
    endpoint.answer = 503  # type: ignore[attr-defined]
    tell(run, items)
    assert len(endpoint.got) == 1  # type: ignore[attr-defined]
    assert capsys.readouterr().out.count("HTTP Error 503") == 1
    assert len(events(run)) == 2, "the file has them all the same"


def test_events_can_be_switched_off(
    run: Run, items: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    tell(run, items)
    assert not Path(run.lake.settings.lake, "lineage").exists()


def test_a_wrong_url_is_a_warning(
    run: Run, items: Contract, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "file:///etc/passwd")
    tell(run, items)
    assert "not an http(s) URL" in capsys.readouterr().out


def test_one_event_has_its_own_identity(run: Run) -> None:
    lineage = Lineage(run.lake, run.contracts, "other", "test")
    made = event("START", "n", "j", "r", parent=lineage.parent, inputs=[], outputs=[])
    assert made["run"]["facets"]["parent"]["run"]["runId"] != made["run"]["runId"]
