"""What the bundle deploys is complete and fits Databricks' own model of it, checked offline."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks_bundle import ROOT, load, resolve

from shoplake.runtime import settings
from shoplake.runtime.lake import SCHEMAS

# Field names of the Jobs API 2.2 and the Unity Catalog API that this bundle may use; a misspelt
# one would be dropped in silence by a deployment.
FIELDS = {
    "jobs": {
        "name",
        "description",
        "tasks",
        "job_clusters",
        "environments",
        "queue",
        "max_concurrent_runs",
        "timeout_seconds",
        "email_notifications",
        "notification_settings",
        "schedule",
        "continuous",
        "tags",
        "permissions",
        "run_as",
        "parameters",
        "health",
    },
    "tasks": {
        "task_key",
        "depends_on",
        "python_wheel_task",
        "environment_key",
        "job_cluster_key",
        "libraries",
        "max_retries",
        "min_retry_interval_millis",
        "retry_on_timeout",
        "timeout_seconds",
        "description",
    },
    "schemas": {"name", "catalog_name", "comment", "grants"},
    "volumes": {"name", "catalog_name", "schema_name", "volume_type", "comment", "grants"},
    "registered_models": {"name", "catalog_name", "schema_name", "comment", "grants"},
    "experiments": {"name", "permissions", "tags", "artifact_location"},
}


def unknown_fields(kind: str, resource: dict[str, Any]) -> set[str]:
    """Fields of a resource, and of a job's tasks, that the API does not have."""
    tasks = [set(task) - FIELDS["tasks"] for task in resource.get("tasks", [])]
    return (set(resource) - FIELDS[kind] - {"lifecycle"}).union(*tasks)


def test_every_include_names_a_file(bundle: dict[str, Any]) -> None:
    for pattern in bundle["include"]:
        assert list(ROOT.glob(pattern)), f"include {pattern} matches nothing"


def test_every_reference_resolves(deployed: dict[str, Any]) -> None:
    assert "${" not in yaml.safe_dump(deployed)


@pytest.mark.parametrize("reference", ["${var.nowhere}", "${resources.schemas.nowhere.name}"])
def test_a_reference_that_leads_nowhere_is_found(bundle: dict[str, Any], reference: str) -> None:
    broken = copy.deepcopy(bundle)
    broken["resources"]["volumes"]["files"]["comment"] = reference
    with pytest.raises(KeyError, match="nowhere"):
        resolve(broken, "dev")


def test_every_declared_variable_is_used(bundle: dict[str, Any]) -> None:
    files = [ROOT / "databricks.yml", *ROOT.glob("conf/resources/*.yml")]
    text = "".join(path.read_text() for path in files)
    unused = [name for name in bundle["variables"] if f"${{var.{name}}}" not in text]
    assert unused == []


def test_every_field_is_one_of_the_api(deployed: dict[str, Any]) -> None:
    for kind, resources in deployed["resources"].items():
        for name, resource in resources.items():
            assert unknown_fields(kind, resource) == set(), f"{kind}.{name}"


def test_a_misspelt_field_is_found(bundle: dict[str, Any]) -> None:
    job = resolve(bundle, "dev")["resources"]["jobs"]["shoplake"]
    wrong = job | {"tasks": [job["tasks"][0] | {"max_retry": 1}]}
    assert unknown_fields("jobs", wrong) == {"max_retry"}


def test_schemas_are_those_of_the_lake(deployed: dict[str, Any]) -> None:
    schemas = deployed["resources"]["schemas"]
    prefix = deployed["target"]["variables"].get("schema_prefix", "")
    assert sorted(s["name"] for s in schemas.values()) == sorted(prefix + s for s in SCHEMAS)


def test_the_volume_is_where_the_jobs_keep_their_files(deployed: dict[str, Any]) -> None:
    volume = deployed["resources"]["volumes"]["files"]
    path = f"/Volumes/{volume['catalog_name']}/{volume['schema_name']}/{volume['name']}"
    for job in deployed["resources"]["jobs"].values():
        for task in job["tasks"]:
            assert f"--lake={path}" in task["python_wheel_task"]["parameters"]


def test_mlflow_resources_are_those_that_the_jobs_use(bundle: dict[str, Any]) -> None:
    mlflow = settings.load("databricks").mlflow
    for target in ("staging", "prod"):
        resources = resolve(bundle, target)["resources"]
        assert resources["experiments"]["training"]["name"] == mlflow.experiment
        model = resources["registered_models"]["recommender"]["name"]
        assert model == mlflow.registered_model.split(".")[-1]


def test_no_grant_of_the_bundle_goes_round_the_policies(deployed: dict[str, Any]) -> None:
    schemas = deployed["resources"]["schemas"]
    granted = {name: s["grants"][0]["privileges"] for name, s in schemas.items() if s.get("grants")}
    assert granted == {"gold": ["USE_SCHEMA"]}


def test_production_runs_as_a_service_principal_on_one_schedule(bundle: dict[str, Any]) -> None:
    deployed = resolve(bundle, "prod")
    assert deployed["target"]["mode"] == "production"
    assert deployed["target"]["run_as"] == {"service_principal_name": "runner"}
    assert {p["level"] for p in deployed["target"]["permissions"]} == {"CAN_MANAGE", "CAN_VIEW"}
    schedules = {
        name: (job.get("schedule") or job["continuous"])["pause_status"]
        for name, job in deployed["resources"]["jobs"].items()
    }
    assert schedules == {
        "shoplake": "UNPAUSED",
        "shoplake_classic": "PAUSED",
        "shoplake_maintain": "UNPAUSED",
        "shoplake_monitor": "UNPAUSED",
        "shoplake_stream": "PAUSED",
    }


def test_production_keeps_its_schemas(bundle: dict[str, Any]) -> None:
    for schema in resolve(bundle, "prod")["resources"]["schemas"].values():
        assert schema["lifecycle"] == {"prevent_destroy": True}


@pytest.mark.parametrize("target", ["dev", "staging"])
def test_nothing_runs_by_itself_elsewhere(bundle: dict[str, Any], target: str) -> None:
    for job in resolve(bundle, target)["resources"]["jobs"].values():
        assert (job.get("schedule") or job["continuous"])["pause_status"] == "PAUSED"


def test_development_is_the_default_and_keeps_to_its_own_names(bundle: dict[str, Any]) -> None:
    defaults = [name for name, target in bundle["targets"].items() if target.get("default")]
    assert defaults == ["dev"]
    assert bundle["targets"]["dev"]["mode"] == "development"
    assert resolve(bundle, "dev")["target"]["variables"]["schema_prefix"] == "dev_ada_"


def test_the_wheel_is_built_by_a_command_that_exists(bundle: dict[str, Any]) -> None:
    tool, goal = bundle["artifacts"]["shoplake"]["build"].split()
    assert tool == "make"
    assert re.search(rf"^{goal}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


SECRETS = {
    "a workspace host": r"(?m)^\s*host\s*:|https?://",
    "a token": r"dapi[0-9a-f]{16}|(?i:(token|password|secret)\s*:\s*\S)",
    "an application id": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-",
    "an address": r"[\w.]+@[\w.]+\.\w+|\b\d+\.\d+\.\d+\.\d+\b",
}


@pytest.mark.parametrize("what", SECRETS)
def test_no_file_of_the_bundle_holds(what: str) -> None:
    for path in [ROOT / "databricks.yml", *ROOT.glob("conf/resources/*.yml")]:
        found = re.search(SECRETS[what], path.read_text())
        assert found is None, f"{path.name} holds {what}: {found[0] if found else ''}"


def test_a_file_that_is_not_included_is_not_deployed(tmp_path: Path) -> None:
    (tmp_path / "databricks.yml").write_text("include: [conf/resources/*.yml]\nresources: {a: 1}\n")
    (tmp_path / "other.yml").write_text("resources: {b: 2}\n")
    assert load(tmp_path)["resources"] == {"a": 1}
