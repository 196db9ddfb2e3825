"""OpenLineage run events (specification 2-0-2) of what a job reads and writes.

https://openlineage.io/spec/2-0-2/OpenLineage.json; column lineage as in facet 1-2-0. Only names,
types, versions and counts are told: no value of the data is in an event.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shoplake import __version__
from shoplake.contracts.model import Contract
from shoplake.governance.lineage.edges import Edge
from shoplake.runtime.lake import SCHEMAS
from shoplake.runtime.settings import Settings

Json = dict[str, Any]

PRODUCER = f"urn:shoplake:{__version__}"
_SPEC = "https://openlineage.io/spec"
_SUBTYPES = {
    "group": "GROUP_BY", "rule": "FILTER", "filter": "FILTER", "join": "JOIN", "sort": "SORT",
    "window": "WINDOW", "conditional": "CONDITIONAL",
}  # fmt: skip


class Datasets:
    """What tables and other sources of a lake are called in events.

    A folder of a lake is `file` and its path, as OpenLineage names local files, with its name in
    the lake as a symlink; models, feeds and the shop's files have the job's namespace.
    """

    def __init__(self, settings: Settings, namespace: str) -> None:
        self._settings = settings
        self.namespace = namespace

    def name(self, source: str) -> Json:
        """Namespace and name of a table, file, feed or model."""
        schema, _, table = source.partition(".")
        if schema not in SCHEMAS:
            return {"namespace": self.namespace, "name": source}
        settings = self._settings
        place = f"{settings.schema_prefix}{schema}"
        if settings.catalog:
            return {"namespace": "unitycatalog", "name": f"{settings.catalog}.{place}.{table}"}
        return {"namespace": "file", "name": f"{settings.lake}/{place}/{table}"}

    def dataset(self, source: str, version: int | None = None) -> Json:
        """A dataset with where it is and, of a Delta table, which version."""
        named = self.name(source)
        uri = f"{named['namespace']}:{named['name']}"
        facets = {"dataSource": facet("DatasourceDatasetFacet", "1-0-1", name=source, uri=uri)}
        if named["namespace"] == "file":
            other = {"namespace": self.namespace, "name": source, "type": "TABLE"}
            facets["symlinks"] = facet("SymlinksDatasetFacet", "1-0-1", identifiers=[other])
        if version is not None:
            facets["version"] = facet(
                "DatasetVersionDatasetFacet", "1-0-1", datasetVersion=str(version)
            )
        return {**named, "facets": facets}

    def output(self, contract: Contract) -> Json:
        """The dataset that a contract describes, with its columns."""
        made = self.dataset(contract.table)
        fields = [
            {"name": c.name, "type": c.type}
            | ({"description": c.description} if c.description else {})
            for c in contract.columns
        ]
        made["facets"]["schema"] = facet("SchemaDatasetFacet", "1-1-1", fields=fields)
        return made

    def column_lineage(self, edges: Iterable[Edge]) -> Json:
        """The facet that tells the edges of one output; unknown ones cannot be told in it."""
        fields: dict[str, Json] = {}
        whole: list[Json] = []
        for edge in edges:
            if edge.kind == "unknown" or edge.source_column is None:
                continue
            source = {
                **self.name(edge.source_table),
                "field": edge.source_column,
                "transformations": _transformations(edge),
            }
            if edge.target_column is None:
                whole.append(source)
            else:
                inputs = fields.setdefault(edge.target_column, {"inputFields": []})
                inputs["inputFields"].append(source)
        return facet("ColumnLineageDatasetFacet", "1-2-0", fields=fields, dataset=whole)


def facet(kind: str, version: str, /, **content: Any) -> Json:
    """A standard facet."""
    url = f"{_SPEC}/facets/{version}/{kind}.json#/$defs/{kind}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


def event(
    kind: str,
    namespace: str,
    job: str,
    run_id: str,
    *,
    parent: tuple[str, str],
    inputs: list[Json],
    outputs: list[Json],
    error: str | None = None,
) -> Json:
    """A run event.

    Args:
        kind: START, COMPLETE or FAIL.
        namespace, job, run_id: what runs; `run_id` is a UUID.
        parent: name and identity of the step that the job is part of.
        inputs, outputs: datasets.
        error: what went wrong, without any value of the data.
    """
    step, step_run = parent
    of_step = {
        "run": {"runId": str(uuid.uuid5(uuid.NAMESPACE_OID, step_run))},
        "job": {"namespace": namespace, "name": step},
    }
    facets = {"parent": facet("ParentRunFacet", "1-0-1", **of_step)}
    if error is not None:
        facets["errorMessage"] = facet(
            "ErrorMessageRunFacet", "1-0-1", message=error, programmingLanguage="PYTHON"
        )
    return {
        "eventType": kind,
        "eventTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "producer": PRODUCER,
        "schemaURL": f"{_SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": run_id, "facets": facets},
        "job": {"namespace": namespace, "name": job},
        "inputs": inputs,
        "outputs": outputs,
    }


def statistics(rows: int) -> Mapping[str, Json]:
    """The output facets of a table that was given so many rows."""
    return {"outputStatistics": facet("OutputStatisticsOutputDatasetFacet", "1-0-2", rowCount=rows)}


def _transformations(edge: Edge) -> list[Json]:
    ways = edge.transformation.split(", ")
    if edge.kind == "direct":
        return [{"type": "DIRECT", "subtype": ways[0].upper(), "masking": "masked" in ways}]
    return [
        {"type": "INDIRECT", "subtype": _SUBTYPES[way], "description": way, "masking": False}
        for way in ways
    ]
