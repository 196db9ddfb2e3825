"""The jobs of the bundle: tasks, their order, compute, arguments and entry points all exist."""

from __future__ import annotations

import importlib
import re
import runpy
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest
import setuptools
from databricks_bundle import ROOT

from shoplake.steps import APPLICATIONS, JOBS, STEPS

PIPELINES = ("shoplake", "shoplake_classic")

Task = dict[str, Any]


@pytest.fixture(params=PIPELINES)
def job(request: pytest.FixtureRequest, deployed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = deployed["resources"]["jobs"][request.param]
    return found


@pytest.fixture(scope="module")
def package() -> dict[str, Any]:
    """What setup.py declares: the arguments it gives to setup()."""
    declared: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(setuptools, "setup", declared.update)
        runpy.run_path("setup.py")
    return declared


def entry_points(package: dict[str, Any]) -> dict[str, str]:
    scripts = package["entry_points"]["console_scripts"]
    return dict(script.split("=", 1) for script in scripts)


def edges(tasks: list[Task]) -> dict[str, list[str]]:
    """Task key to the keys it waits for."""
    return {task["task_key"]: [d["task_key"] for d in task.get("depends_on", [])] for task in tasks}


def order(graph: dict[str, list[str]]) -> list[str]:
    """A running order; ValueError when a dependency does not exist or the graph has a cycle."""
    missing = {key for keys in graph.values() for key in keys} - set(graph)
    if missing:
        raise ValueError(f"depends on tasks that do not exist: {sorted(missing)}")
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ValueError(f"tasks wait for each other: {error.args[1]}") from error


def test_entry_points_are_those_of_the_wheel(job: dict[str, Any], package: dict[str, Any]) -> None:
    declared = entry_points(package)
    for task in job["tasks"]:
        wheel_task = task["python_wheel_task"]
        step = task["task_key"]
        assert wheel_task["package_name"] == package["name"]
        assert declared[wheel_task["entry_point"]] == f"shoplake_jobs.{step}:main"


def test_setup_declares_an_entry_point_for_every_step(package: dict[str, Any]) -> None:
    assert list(entry_points(package)) == ["shoplake", *(f"shoplake-{step}" for step in JOBS)]


def test_the_tasks_are_the_steps_in_order(job: dict[str, Any]) -> None:
    simulated = {"simulate", "respond"}  # the built-in shop's own steps
    graph = edges(job["tasks"])
    ordered = [step for step in order(graph) if step not in (*APPLICATIONS, "answer")]
    learns = {"train": "retrain"}  # which trains when it is due, and then as `train` does
    assert ordered == [learns.get(step, step) for step in STEPS if step not in simulated]


def test_the_applications_wait_for_the_features_alone(job: dict[str, Any]) -> None:
    graph = edges(job["tasks"])
    assert [graph[name] for name in APPLICATIONS] == [["features"]] * len(APPLICATIONS)


def test_messages_are_answered_when_there_are_lists(job: dict[str, Any]) -> None:
    assert edges(job["tasks"])["answer"] == ["score"]


@pytest.mark.parametrize(
    ("graph", "message"),
    [({"a": ["b"]}, "do not exist: .*b"), ({"a": ["b"], "b": ["a"]}, "wait for each other")],
)
def test_a_broken_order_is_found(graph: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        order(graph)


def test_both_jobs_are_the_same_pipeline(deployed: dict[str, Any]) -> None:
    serverless, classic = (deployed["resources"]["jobs"][name]["tasks"] for name in PIPELINES)
    assert edges(serverless) == edges(classic)
    assert [t["python_wheel_task"] for t in serverless] == [t["python_wheel_task"] for t in classic]


def test_every_task_has_one_place_to_run(job: dict[str, Any]) -> None:
    places = {c["job_cluster_key"] for c in job["job_clusters"]}
    places |= {e["environment_key"] for e in job.get("environments", [])}
    used = [
        [task[key] for key in ("job_cluster_key", "environment_key") if key in task]
        for task in job["tasks"]
    ]
    assert all(len(place) == 1 for place in used)
    assert {place[0] for place in used} == places


def test_training_has_a_gpu(job: dict[str, Any]) -> None:
    clusters = {c["job_cluster_key"]: c["new_cluster"] for c in job["job_clusters"]}
    train = next(task for task in job["tasks"] if task["task_key"] == "retrain")
    assert "-gpu-ml-" in clusters[train["job_cluster_key"]]["spark_version"]


def test_every_task_gets_the_wheel(job: dict[str, Any]) -> None:
    environments = {e["environment_key"]: e["spec"] for e in job.get("environments", [])}
    for task in job["tasks"]:
        if "environment_key" in task:
            wheels = environments[task["environment_key"]]["dependencies"]
        else:
            wheels = [lib["whl"] for lib in task["libraries"] if "whl" in lib]
        paths = [(ROOT / "conf" / "resources" / wheel).resolve() for wheel in wheels]
        assert paths == [ROOT / "dist" / "*.whl"], task["task_key"]


def test_library_versions_are_those_of_setup(job: dict[str, Any], package: dict[str, Any]) -> None:
    pinned = {*package["extras_require"]["models"], *package["extras_require"]["assistant"]}
    used = {
        lib["pypi"]["package"]
        for task in job["tasks"]
        for lib in task.get("libraries", [])
        if "pypi" in lib
    }
    assert used
    assert used <= pinned


def test_spark_is_left_to_the_platform(package: dict[str, Any]) -> None:
    names = {re.split(r"[=<>]", requirement)[0] for requirement in package["install_requires"]}
    assert names.isdisjoint({"pyspark", "delta-spark", "petastorm"})


def test_every_task_can_fail_and_be_tried_again(job: dict[str, Any]) -> None:
    for task in job["tasks"]:
        assert task["max_retries"] >= 1
        assert task["min_retry_interval_millis"] >= 1000
        assert 0 < task["timeout_seconds"] < job["timeout_seconds"]


def test_runs_do_not_overlap_and_are_heard_of(job: dict[str, Any]) -> None:
    assert job["max_concurrent_runs"] == 1
    assert job["queue"] == {"enabled": True}
    assert job["email_notifications"]["on_failure"] != [""]


def test_arguments_are_those_of_each_step(
    job: dict[str, Any], package: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    declared = entry_points(package)
    for task in job["tasks"]:
        module = declared[task["python_wheel_task"]["entry_point"]].split(":")[0]
        parser = importlib.import_module(module).parser()
        try:
            parser.parse_args(task["python_wheel_task"]["parameters"])
        except SystemExit:
            pytest.fail(f"{task['task_key']}: {capsys.readouterr().err}")


def test_the_monitor_fails_so_that_the_platform_notifies(
    deployed: dict[str, Any], package: dict[str, Any]
) -> None:
    job = deployed["resources"]["jobs"]["shoplake_monitor"]
    (task,) = job["tasks"]
    module = entry_points(package)[task["python_wheel_task"]["entry_point"]].split(":")[0]
    args = (
        importlib.import_module(module).parser().parse_args(task["python_wheel_task"]["parameters"])
    )
    assert args.fail_on == "critical"
    assert task["max_retries"] == 0, "an open alert is no fault that a retry mends"
    pipeline = deployed["resources"]["jobs"]["shoplake"]
    assert job["email_notifications"]["on_failure"] == pipeline["email_notifications"]["on_failure"]


def test_maintenance_is_away_from_the_pipeline(
    deployed: dict[str, Any], package: dict[str, Any]
) -> None:
    job, pipeline = (deployed["resources"]["jobs"][n] for n in ("shoplake_maintain", "shoplake"))
    (task,) = job["tasks"]
    module = entry_points(package)[task["python_wheel_task"]["entry_point"]].split(":")[0]
    importlib.import_module(module).parser().parse_args(task["python_wheel_task"]["parameters"])
    hours = [int(j["schedule"]["quartz_cron_expression"].split()[2]) for j in (pipeline, job)]
    assert hours[1] - hours[0] >= pipeline["timeout_seconds"] / 3600
    assert 0 < task["timeout_seconds"] < job["timeout_seconds"]


def test_the_stream_is_a_continuous_job_of_its_own(
    deployed: dict[str, Any], package: dict[str, Any]
) -> None:
    job = deployed["resources"]["jobs"]["shoplake_stream"]
    (task,) = job["tasks"]
    assert (job["continuous"]["pause_status"], job["max_concurrent_runs"]) == ("PAUSED", 1)
    assert {"schedule", "timeout_seconds"}.isdisjoint(job), "it is not to end"
    assert "max_retries" not in task, "a continuous job is started again by the platform alone"
    module = entry_points(package)[task["python_wheel_task"]["entry_point"]].split(":")[0]
    args = (
        importlib.import_module(module).parser().parse_args(task["python_wheel_task"]["parameters"])
    )
    assert not args.once
