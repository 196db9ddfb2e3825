"""`shoplake label`: which pairs are worth labelling next, labelling them, and what it brings."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, print_rows, settings_of
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console, tell

if TYPE_CHECKING:
    import pandas as pd

    from shoplake.evaluate.labels import Wanted

_ANSWERS = {"1": "irrelevant", "2": "partly", "3": "what was asked for"}
_OTHERS = {"s": "s", "skip": "s", "q": "q", "quit": "q"}


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    label = commands.add_parser("label", help="pairs of query and product worth labelling next")
    label.add_argument("--data", type=Path, help="folder of judgements; default: the lake")
    label.add_argument(
        "--labels", type=Path, default=Path("labels/labels.csv"), help="file that keeps labels"
    )
    label.add_argument("--ask", type=int, metavar="N", help="label N of them here")
    label.add_argument("--effect", action="store_true", help="what the labels so far bring")
    label.add_argument("--wrong", action="store_true", help="labels that are likely wrong")
    label.add_argument("--top", type=int, default=10, help="how many to show (default: 10)")
    label.add_argument("--ignore", action="store_true", help="labels of --data do not count")
    label.add_argument("--base", help="base model of the cosine (default: that of search)")
    label.add_argument("--seed", type=int, default=0)
    lake_options(label).set_defaults(run=_label)


def _label(args: argparse.Namespace) -> None:
    from shoplake.models.labelling.store import saved_labels

    count = args.top if args.ask is None else args.ask
    if count < 1:
        raise ShoplakeError("none to show or to ask", remedy="give 1 or more")
    queries, titles, labelled = _known(args, saved_labels(args.labels))
    if args.effect or args.wrong:
        _look(args, labelled)
        return
    from shoplake.evaluate.labels import wanted
    from shoplake.models.labelling.store import unlabelled

    pool = unlabelled(queries, titles, labelled, per_query=10, seed=args.seed)
    tell("label", f"{len(labelled):,} labels; {len(pool):,} pairs without one are compared")
    found = wanted(labelled, pool, count, seed=args.seed, base=args.base)
    if not found:
        raise ShoplakeError("no pair is left to label", remedy="bring other queries or products")
    if args.ask is None:
        print_rows([_row(pair) for pair in found], "worth labelling next")
        console.print(f"label them: --ask {count}; kept in {args.labels}", highlight=False)
        return
    _ask(found, args.labels)


def _known(
    args: argparse.Namespace, own: pd.DataFrame
) -> tuple[list[str], list[str], pd.DataFrame]:
    """Queries, titles, and the labels of the data and of the file; the file's win."""
    import pandas as pd

    if args.data is not None:
        from shoplake.models.search.judgements import read_judgements

        rows = read_judgements(args.data)
        queries, titles = rows["query"].tolist(), rows["title"].tolist()
        rows = rows.iloc[:0] if args.ignore else rows
    else:
        queries, titles = _lake(args)
        rows = own.iloc[:0]
    parts = [part for part in (rows, own) if len(part)]
    both = pd.concat(parts, ignore_index=True) if parts else own
    return queries, titles, both.drop_duplicates(["query", "title"], keep="last")


def _lake(args: argparse.Namespace) -> tuple[list[str], list[str]]:
    from shoplake.runtime.sql import lake_folder, query, tables
    from shoplake.serve.search_lake import PRODUCTS

    settings = settings_of(args)
    lake_folder(settings)
    need = {PRODUCTS.table, "silver.searches"}
    if not need <= set(tables(settings)):
        raise ShoplakeError("no products or no searches", remedy="run `shoplake run`, or --data")
    asked = query(settings, "select distinct query from silver.searches where query is not null")
    held = query(settings, f"select distinct name from {PRODUCTS.table} where {PRODUCTS.where}")
    return [row["query"] for row in asked], [row["name"] for row in held]


def _row(pair: Wanted) -> dict[str, Any]:
    unsure = "" if pair.unsure != pair.unsure else f"{pair.unsure:.2f}"
    return {
        "query": pair.query,
        "title": pair.title,
        "rules say": f"{pair.rules:.1f}",
        "unsure": unsure,
    }


def _ask(found: list[Wanted], path: Path) -> None:
    """Ask for each pair until quit; each answer is kept before the next question."""
    from shoplake.models.labelling.store import save_label

    said = ", ".join(f"{key} {text}" for key, text in _ANSWERS.items())
    console.print(f"{said}, s skip, q quit", highlight=False)
    saved = 0
    for at, pair in enumerate(found, 1):
        console.print(f"{at}/{len(found)}  {pair.query}\n     {pair.title}", markup=False)
        answer = _answer()
        if answer == "q":
            break
        if answer != "s":
            save_label(path, pair.query, pair.title, int(answer))
            saved += 1
    console.print(
        f"{saved} labels added to {path}; --effect shows what they bring", highlight=False
    )


def _answer() -> str:
    while True:
        try:
            answer = input("> ").strip().lower()
        except (EOFError, KeyboardInterrupt):
            return "q"
        # As a whole: a slip such as 12 or 2.5 must not become a label.
        if answer in _ANSWERS:
            return answer
        if answer in _OTHERS:
            return _OTHERS[answer]
        console.print("1, 2, 3, s or q", highlight=False)


def _look(args: argparse.Namespace, labelled: pd.DataFrame) -> None:
    from shoplake.evaluate.labels import LEAST, doubted, effect

    if len(labelled) < LEAST or labelled["query"].nunique() < 5:
        raise ShoplakeError(
            f"{len(labelled)} labels of {labelled['query'].nunique()} queries show nothing yet",
            remedy=f"label {LEAST} or more, of 5 queries or more: shoplake label --ask 10",
        )
    if args.wrong:
        rows = doubted(labelled, args.top, seed=args.seed, base=args.base)
        print_rows(rows.to_dict("records"), "labels that are likely wrong")
        return
    curve = effect(labelled, seed=args.seed, base=args.base)
    most = max(curve["flat"].max(), curve["rmse"].max())
    rows = [
        {
            "labels": f"{row.labels:,.0f}",
            "rmse": f"{row.rmse:.3f} ({row.low:.3f}–{row.high:.3f})",
            "": "█" * round(30 * float(row.rmse) / most),
        }
        for row in curve.itertuples()
    ]
    print_rows(rows, "error on queries without labels (5 folds by query)")
    console.print(f"the mean grade alone: {curve['flat'].iloc[-1]:.3f}", highlight=False)
