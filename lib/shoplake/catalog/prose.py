"""Clauses of a contract that only describe: its team, support, domain, tags, examples.

The typed Contract holds what is enforced; these are read from the file beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from shoplake.contracts.model import Contract


@dataclass(frozen=True)
class Prose:
    """What a contract says for people.

    Attributes:
        team: "name (role)" of its members beside the owners.
        support: (channel, where) pairs; `where` is a link or empty.
        examples: by column.
    """

    team: tuple[str, ...] = ()
    support: tuple[tuple[str, str], ...] = ()
    status: str = ""
    domain: str = ""
    tags: tuple[str, ...] = ()
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)


def prose_of(contract: Contract | None) -> Prose:
    """The descriptive clauses of the file that the contract was read from, if it is there."""
    path = Path(contract.source) if contract and contract.source else None
    if path is None or not path.is_file():
        return Prose()
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    table = (data.get("schema") or [{}])[0]
    team = data.get("team") or []
    members = team.get("members") or [team] if isinstance(team, dict) else team
    return Prose(
        team=tuple(_member(m) for m in members if str(m.get("role")).casefold() != "owner"),
        support=tuple(
            (str(s.get("channel") or s.get("tool") or "support"), _link(s.get("url")))
            for s in data.get("support") or []
        ),
        status=str(data.get("status") or ""),
        domain=str(data.get("domain") or ""),
        tags=tuple(str(t) for t in (*(data.get("tags") or []), *(table.get("tags") or []))),
        examples={
            str(c["name"]): tuple(str(e) for e in c["examples"])
            for c in table.get("properties") or []
            if c.get("examples") and c.get("classification") not in ("personal", "pseudonym")
        },
    )


def _member(member: dict[str, Any]) -> str:
    name = str(member.get("name") or member.get("username") or "")
    role = str(member.get("role") or "")
    return f"{name} ({role})" if name and role else name or role


def _link(url: object) -> str:
    """Only links that a reader may follow safely."""
    text = str(url or "")
    return text if text.startswith(("https://", "http://", "mailto:")) else ""
