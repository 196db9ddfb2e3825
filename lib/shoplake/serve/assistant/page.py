"""A chat page on this machine alone, for trying the assistant.

Who is asking was settled when the server was started; nothing in a request can change it. A request
must name this very server as its host (so that no other name can be made to point here), and a
message must come from its own page (so that no other page can ask in the person's name).
"""

from __future__ import annotations

import json
from collections import OrderedDict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from shoplake.errors import ShoplakeError
from shoplake.runtime.console import console
from shoplake.serve.assistant.desk import Desk
from shoplake.serve.assistant.dialogue import State

_STATIC = Path(__file__).parent / "static"
_FILES = {
    "/": ("chat.html", "text/html; charset=utf-8"),
    "/chat.css": ("chat.css", "text/css; charset=utf-8"),
    "/chat.js": ("chat.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_MOST_BYTES = 16_000
_MOST_SESSIONS = 200
_PATIENCE_S = 10


class ChatServer(ThreadingHTTPServer):
    """The page's server, on 127.0.0.1.

    Args:
        desk: where one person, or guests, are answered.
        port: 0 takes a free one.
        who: said on the page.

    Raises:
        ShoplakeError: the port is taken.
    """

    daemon_threads = True

    def __init__(self, desk: Desk, port: int, who: str = "") -> None:
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise ShoplakeError(
                f"port {port} cannot be used: {error}", remedy="give another --port"
            ) from None
        self.desk, self.who = desk, who
        self._states: OrderedDict[str, State] = OrderedDict()
        self._guard = Lock()

    @property
    def hosts(self) -> tuple[str, ...]:
        """What a browser calls this server."""
        return tuple(f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost"))

    def answer(self, text: str, session: str) -> dict[str, Any]:
        """Answer one message of a dialogue, which is remembered while the server runs."""
        with self._guard:
            state = self._states.get(session, State())
        found = self.desk.ask(text, state)
        with self._guard:
            self._states[session] = found.state
            self._states.move_to_end(session)
            while len(self._states) > _MOST_SESSIONS:
                self._states.popitem(last=False)
        return {
            "text": found.text,
            "intent": found.intent,
            "citations": [str(citation) for citation in found.citations],
            "handover": found.handover,
            "reason": found.reason,
        }


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    timeout = _PATIENCE_S
    server_version, sys_version = "shoplake", ""

    def do_GET(self) -> None:
        """The page and its files."""
        if not self._host_is_ours():
            return
        if self.path == "/who":
            self._json(HTTPStatus.OK, {"who": self.server.who})
        elif self.path in _FILES:
            name, kind = _FILES[self.path]
            self._send(HTTPStatus.OK, (_STATIC / name).read_bytes(), kind)
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        """A message."""
        if not self._host_is_ours():
            return
        origin = self.headers.get("Origin", "")
        if origin not in {f"http://{host}" for host in self.server.hosts}:
            self._refuse(HTTPStatus.FORBIDDEN, "a message must come from this server's own page")
        elif self.path != "/ask":
            self._refuse(HTTPStatus.NOT_FOUND, "messages go to /ask")
        elif self.headers.get_content_type() != "application/json":
            self._refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "a message is JSON")
        else:
            self._ask()

    def _ask(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", ""))
            if not 0 < length <= _MOST_BYTES:
                raise ValueError
            said = json.loads(self.rfile.read(length))
            text, session = said.pop("text"), said.pop("session")
            if said or not isinstance(text, str) or not isinstance(session, str):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self._refuse(HTTPStatus.BAD_REQUEST, "a message has a text and a session, no more")
            return
        try:
            told = self.server.answer(text, session[:100])
        except ShoplakeError as error:
            console.print(str(error), markup=False)
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "I cannot answer just now.")
            return
        self._json(HTTPStatus.OK, told)

    def _host_is_ours(self) -> bool:
        if self.headers.get("Host", "") in self.server.hosts:
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "this server has another name")
        return False

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        self.close_connection = True
        self._json(status, {"error": why})

    def _json(self, status: HTTPStatus, value: object) -> None:
        text = json.dumps(value, ensure_ascii=False).encode()
        self._send(status, text, "application/json; charset=utf-8")

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a log would keep what people ask."""


def serve(desk: Desk, port: int, who: str = "") -> None:
    """Serve the page until interrupted.

    Raises:
        ShoplakeError: the port is taken.
    """
    with ChatServer(desk, port, who) as server:
        console.print(f"chat: http://127.0.0.1:{server.server_port}/  Ctrl-C ends it")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
