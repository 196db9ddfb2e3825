"""The Databricks bundle as the CLI sees it: files merged, a target applied, references resolved."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("dev", "staging", "prod")
REFERENCE = re.compile(r"\$\{([^}]*)\}")

# What the workspace or the person who deploys supplies.
SUPPLIED = {
    "workspace.current_user.short_name": "ada",
    "workspace.current_user.userName": "ada@example.org",
    "var.notification_email": "oncall@example.org",
    "var.service_principal": "runner",
    "var.analysts": "analysts",
}


def merge(base: Any, over: Any) -> Any:
    """`over` laid on `base`, mapping by mapping, as the CLI merges files and targets."""
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: merge(base.get(key), value) for key, value in over.items()}
    return over


def load(root: Path) -> dict[str, Any]:
    """`databricks.yml` with its included files merged in."""
    bundle: dict[str, Any] = yaml.safe_load((root / "databricks.yml").read_text())
    for pattern in bundle["include"]:
        for path in sorted(root.glob(pattern)):
            bundle = merge(bundle, yaml.safe_load(path.read_text()))
    return bundle


def resolve(bundle: dict[str, Any], target: str) -> dict[str, Any]:
    """The bundle of one target, every reference replaced; KeyError for one that leads nowhere."""
    chosen = bundle["targets"][target]
    tree = merge(bundle, {key: chosen[key] for key in ("resources", "workspace") if key in chosen})
    values = chosen.get("variables", {})

    def look_up(name: str) -> str:
        if name == "bundle.target":
            return target
        if name.startswith("var."):
            declared = bundle["variables"][name[4:]]
            for value in (values.get(name[4:]), declared.get("default"), SUPPLIED.get(name)):
                if value is not None:
                    return substitute(value)
            raise KeyError(f"{name} has no value in target {target}")
        if name in SUPPLIED:
            return SUPPLIED[name]
        node: Any = tree
        for part in name.split("."):
            node = node[part]
        return substitute(node)

    def substitute(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: substitute(value) for key, value in node.items()}
        if isinstance(node, list):
            return [substitute(value) for value in node]
        if isinstance(node, str):
            return REFERENCE.sub(lambda match: look_up(match[1]), node)
        return node

    return {
        "resources": substitute(tree["resources"]),
        "target": substitute({k: v for k, v in chosen.items() if k != "resources"}),
    }
