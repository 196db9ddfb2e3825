"""What a role sees, as Spark data frames: for jobs, notebooks and the assistant.

A view in the session of somebody who can read the files is no barrier: docs/policies.md.
"""

from __future__ import annotations

import secrets

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import StringType
from sqlglot import expressions as exp

from shoplake.contracts.book import ContractBook
from shoplake.errors import PolicyError
from shoplake.governance.policies.ask import check_subject
from shoplake.governance.policies.conditions import condition
from shoplake.governance.policies.decide import View, view
from shoplake.governance.policies.groups import PERSON
from shoplake.governance.policies.masks import hashed, mask_key, masked, spark_hash
from shoplake.governance.policies.model import Policies
from shoplake.governance.policies.secure import secure
from shoplake.runtime.key import pseudonym_key
from shoplake.runtime.lake import Lake
from shoplake.runtime.query_names import parse


class RoleViews:
    """The lake as one role may see it.

    Args:
        lake: the tables.
        policies: the roles.
        book: the contracts.
        role: who reads.
        subject: the key of the person a role with `subject: true` reads as.

    Raises:
        PolicyError: there is no such role, or a subject is missing or too much.
    """

    def __init__(
        self,
        lake: Lake,
        policies: Policies,
        book: ContractBook,
        role: str,
        subject: str | None = None,
    ) -> None:
        check_subject(policies, role, subject)
        self._lake, self._policies, self._book = lake, policies, book
        self._role, self._subject = role, subject

    def table(self, name: str) -> DataFrame:
        """The table's rows as the role may see them.

        Raises:
            PolicyError: it may not read it, or only in groups: then ask with `sql`.
        """
        seen = view(self._policies, self._book, self._role, name)
        if seen.smallest_group is not None:
            raise PolicyError(
                f"role {self._role} sees {name} in groups of {seen.smallest_group} people only",
                remedy="ask with an aggregate query",
            )
        return self._rows(seen)

    def sql(self, text: str) -> DataFrame:
        """One SELECT over `schema.table`s with what the role may see.

        Raises:
            PolicyError: the role may not see what is asked for.
            ShoplakeError: the text is not one query.
        """
        frames: dict[str, DataFrame] = {}

        def source(seen: View) -> exp.Expr:
            name = f"v_{secrets.token_hex(8)}"
            frames[name] = self._rows(seen)
            return exp.Table(this=exp.to_identifier(name))

        tree = secure(
            parse(text),
            lambda table: view(self._policies, self._book, self._role, table),
            source,
        )
        return _over(self._lake, tree.sql(dialect="databricks", comments=False), frames)

    def _rows(self, seen: View) -> DataFrame:
        rows = self._lake.read(seen.table)
        if seen.where is not None:
            frames = {"v_self": rows}

            def named(table: str) -> str:
                name = f"v_{table.replace('.', '_')}"
                frames[name] = self._lake.read(table)
                return name

            text = condition(seen.where, named, self._subject).sql(dialect="databricks")
            # Spark may read `FROM t WHERE (a)` as the table called WHERE with a column called a.
            rows = _over(self._lake, f"SELECT * FROM v_self WHERE true AND {text}", frames)
        columns = [self._masked(seen, c.name, c.type).alias(c.name) for c in seen.contract.columns]
        if seen.smallest_group is not None and seen.person is not None:
            columns.append(F.col(seen.person).alias(PERSON))
        return rows.select(columns)

    def _masked(self, seen: View, name: str, kind: str) -> Column:
        if seen.masks[name] == "hash" and kind == "string":
            # A function that carries the key: in SQL text it would be in plans and event logs.
            key = mask_key(pseudonym_key(self._lake.settings, self._lake.spark))

            def hashes(values: pd.Series) -> pd.Series:
                return values.map(lambda v: hashed(v, key), na_action="ignore")

            return F.pandas_udf(hashes, StringType())(F.col(name))  # type: ignore[call-overload]
        return F.expr(masked(seen.masks[name], kind, f"`{name}`", spark_hash("''")))


def _over(lake: Lake, text: str, frames: dict[str, DataFrame]) -> DataFrame:
    """SQL over data frames by their names."""
    text = text.replace("{", "{{").replace("}", "}}")
    for name in frames:
        text = text.replace(name, f"{{{name}}}")
    return lake.spark.sql(text, **frames)  # type: ignore[arg-type]
