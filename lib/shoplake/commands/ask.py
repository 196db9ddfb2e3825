"""`shoplake ask`: the customer-service assistant, for one message or on a page, without Spark."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shoplake.commands.options import lake_options, settings_of
from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console

if TYPE_CHECKING:
    from shoplake.serve.assistant.answering import Answer

_PORT = 8088


def add(commands: Any) -> None:
    """Adds the command to the command line."""
    ask = commands.add_parser("ask", help='customer service: ask "where is my order" --as PERSON')
    ask.add_argument("text", nargs="?", help="the message")
    ask.add_argument(
        "--as", dest="who", metavar="PERSON", help="person_key or <shop>:<id>; without: a guest"
    )
    ask.add_argument("--session", metavar="NAME", help="go on with the dialogue of this name")
    ask.add_argument("--shop", help="products and orders of this shop alone")
    ask.add_argument("--utterances", metavar="DIR", help="learn intents from this folder as well")
    ask.add_argument("--questions", metavar="DIR", help="find past answers in this folder")
    ask.add_argument("--json", action="store_true", help="the whole answer as JSON")
    ask.add_argument("--serve", action="store_true", help="a chat page on 127.0.0.1 instead")
    ask.add_argument("--port", type=int, default=_PORT, help=f"of --serve (default: {_PORT})")
    lake_options(ask).set_defaults(run=_ask)


def _ask(args: argparse.Namespace) -> None:
    from shoplake.models.assistant.settings import load_assistant
    from shoplake.runtime.sql import lake_folder
    from shoplake.serve.assistant.desk import Desk
    from shoplake.serve.assistant.dialogue import Sessions
    from shoplake.serve.assistant.lake import Reader
    from shoplake.serve.assistant.opening import open_assistant
    from shoplake.serve.assistant.person import person_key

    text = (args.text or "").strip()
    if bool(text) == args.serve:
        raise ShoplakeError("what is asked?", remedy='shoplake ask "TEXT", or shoplake ask --serve')
    settings = settings_of(args)
    folder = lake_folder(settings)
    # Who asks is settled before a word of the message is read.
    subject = None if args.who is None else person_key(settings, args.who)
    config = load_assistant()
    config = replace(
        config,
        utterances=args.utterances or config.utterances,
        questions=args.questions or config.questions,
    )
    desk = Desk(Reader(settings, args.shop), subject, open_assistant(config))
    if args.serve:
        from shoplake.serve.assistant.page import serve

        serve(desk, args.port, "Guest" if subject is None else f"Signed in as {args.who}")
        return
    sessions = Sessions(str(folder.resolve()), subject, config.session_hours)
    state = sessions.load(args.session) if args.session else None
    answer = desk.ask(text, state)
    if args.session:
        sessions.save(args.session, answer.state)
    if args.json:
        print(json.dumps(answer.to_dict(), indent=2, ensure_ascii=False))
        return
    _print(answer)


def _print(answer: Answer) -> None:
    console.print(answer.text, markup=False, highlight=False)
    for citation in answer.citations:
        console.print(f"  from {citation}", markup=False, highlight=False)
    if answer.handover:
        console.print(f"  handed over: {answer.reason}", markup=False, highlight=False)
