"""Errors that a reader can act on: what is wrong, where, and what to do."""

from __future__ import annotations


class ShoplakeError(Exception):
    """Base of every error Shoplake raises on purpose; printed without a stack trace.

    Args:
        what: what is wrong, in one sentence.
        where: file, line, row, column or table, as precise as is known.
        remedy: what the reader can do about it.
    """

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        self.what = what
        self.where = where
        self.remedy = remedy
        parts = [what]
        if where:
            parts.append(f"  where: {where}")
        if remedy:
            parts.append(f"  remedy: {remedy}")
        super().__init__("\n".join(parts))


class SettingsError(ShoplakeError):
    """A settings file or option is unknown, missing or of the wrong type."""


class ContractError(ShoplakeError):
    """A contract file has a clause that is invalid or cannot be enforced."""


class MappingError(ShoplakeError):
    """A source mapping (`conf/sources/<shop>.yml`) is invalid."""


class SourceError(ShoplakeError):
    """A source file or folder cannot be read as its mapping says."""


class GovernanceError(ShoplakeError):
    """A rule with `onBreach: stop` was broken, or the conservation law does not hold."""


class ModelError(ShoplakeError):
    """A base model, checkpoint or model version cannot be used."""


class PolicyError(ShoplakeError):
    """`conf/policies.yml` is invalid, or a role may not see what it asks for."""


class TooYoungError(ShoplakeError):
    """A shop has too little past for a step yet; nothing is wrong, and other steps go on."""
