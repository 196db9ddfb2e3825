"""The chat page: one person's for good, deaf to other pages and names, and usable in a browser."""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_lake import ANN, BOB, PRODUCTS, product, write, write_lake

from shoplake.serve.assistant.answering import Assistant
from shoplake.serve.assistant.desk import Desk
from shoplake.serve.assistant.lake import Reader
from shoplake.serve.assistant.page import ChatServer

sys.path.append(str(Path(__file__).parents[2] / "catalog"))
import browser as catalog_browser
from browser import Browser, find_chromium

SCRIPT = "<img src=x onerror=alert(1)> Teapot"


@pytest.fixture(scope="module")
def server(assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatServer]:
    settings = write_lake(tmp_path_factory.mktemp("page"))
    products = [product(*p) for p in PRODUCTS] + [product("shop:X", SCRIPT, None, "3.00", 1)]
    write(settings, "silver.products", products)
    with ChatServer(Desk(Reader(settings), ANN, assistant), 0, "Signed in as Ann") as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()


@pytest.fixture
def send(server: ChatServer) -> Callable[..., tuple[int, dict[str, Any]]]:
    host = f"127.0.0.1:{server.server_port}"

    def sent(body: object, method: str = "POST", path: str = "/ask", **headers: str) -> Any:
        told = {"Host": host, "Origin": f"http://{host}", "Content-Type": "application/json"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
        text = body if isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, {k: v for k, v in told.items() if v})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())

    return sent


def asking(text: str, session: str = "s", **more: Any) -> dict[str, Any]:
    return {"text": text, "session": session, **more}


def test_a_dialogue_is_answered_and_kept_by_session(send: Callable[..., Any]) -> None:
    status, told = send(asking("where is order A-100?", "one"))
    assert (status, "A-100" in told["text"]) == (200, True)
    assert "9.00 GBP" in send(asking("how much was it?", "one"))[1]["text"]
    assert "7731.13 GBP" in send(asking("how much was it?", "two"))[1]["text"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 403),
        ({"Content_Type": "text/plain"}, 415),
    ],
)
def test_other_pages_and_names_are_refused(
    send: Callable[..., Any], headers: dict[str, str], status: int
) -> None:
    assert send(asking("where is my order?"), **headers)[0] == status


@pytest.mark.parametrize(
    "body",
    [
        asking("where is my order?", person_key=BOB),
        asking("where is my order?", subject=BOB),
        {"text": "hello"},
        asking(["hello"]),
        "[]",
        "no json",
        "",
        asking("x" * 20_000),
    ],
)
def test_a_request_says_text_and_session_alone(send: Callable[..., Any], body: object) -> None:
    status, told = send(body)
    assert (status, set(told)) == (400, {"error"})


def test_a_name_of_the_page_is_refused_elsewhere(send: Callable[..., Any]) -> None:
    assert send("", "GET", "/", Host="evil.example")[0] == 403
    assert send("", "GET", "/../page.py")[0] == 404
    assert send(asking("hello"), path="/")[0] == 404


@pytest.fixture(scope="module")
def page(server: ChatServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with pytest.MonkeyPatch.context() as patch:
        local = [
            f.replace("~NOTFOUND", "~NOTFOUND, EXCLUDE 127.0.0.1") for f in catalog_browser.FLAGS
        ]
        patch.setattr(catalog_browser, "FLAGS", tuple(local))
        started = Browser(program, tmp_path_factory.mktemp("profile"))
    started.call("Page.navigate", url=f"http://127.0.0.1:{server.server_port}/")
    started.wait("location.href !== 'about:blank' && document.readyState === 'complete'")
    yield started
    started.close()


def written(page: Browser, text: str) -> str:
    """Writes a message by keyboard; what comes back."""
    before = page.run("document.querySelectorAll('#talk .theirs').length")
    page.run("document.getElementById('text').focus()")
    page.type(text)
    page.press("Enter")
    page.wait(f"document.querySelectorAll('#talk .theirs').length > {before}")
    return str(page.run("document.querySelector('#talk li:last-child').textContent"))


def test_in_a_browser_one_asks_by_keyboard_and_reads_words_and_rows(page: Browser) -> None:
    page.wait("document.getElementById('who').textContent === 'Signed in as Ann'")
    told = written(page, "where is my order")
    assert "Order AC-40177" in told
    assert "from silver.orders[shop:AC-40177]@v0" in told
    assert "7731.13 GBP" in written(page, "how much was it")
    assert page.run("document.activeElement.id") == "text"


def test_in_a_browser_words_are_never_markup(page: Browser) -> None:
    assert SCRIPT in written(page, "how much is the teapot")
    written(page, SCRIPT)
    assert SCRIPT in page.run("document.getElementById('talk').textContent")
    time.sleep(0.2)
    assert page.run("document.querySelectorAll('#talk img, #talk script').length") == 0
    assert page.errors == []


@pytest.mark.parametrize("width", [360, 1280])
def test_in_a_browser_the_page_is_not_wider_than_its_window(page: Browser, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    page.call("Emulation.setDeviceMetricsOverride", **size)
    assert page.run("document.documentElement.scrollWidth") <= width
