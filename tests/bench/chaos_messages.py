"""Faults of brokers, topics and messages."""

from __future__ import annotations

import shutil
import time
from functools import partial

from chaos_cases import PATIENCE_S, calm, case, failed, finish, planned, reached, taken
from chaos_shop import Shop, line, until

from shoplake.errors import ShoplakeError
from shoplake.ingest.stream.consume import wait
from shoplake.runtime.broker import Broker


@case
def broker_killed_mid_batch(shop: Shop) -> list[str]:
    """SIGKILL to the broker while a batch is written, and while there is none; it comes back."""
    wrong: list[str] = []
    lake, topic, lines = "broker", "corner.broker", shop.lines
    third = len(lines) // 3
    shop.send(topic, lines[:third])
    for part, sent in ((lines[third : 2 * third], 2 * third), (lines[2 * third :], len(lines))):
        consumer, streaming = shop.consumer(lake, topic), None
        try:
            streaming = consumer.start(once=False, interval="1 second", most=25)
            until(lambda: planned(shop, lake) > taken(shop, lake), PATIENCE_S)
            shop.broker.kill()
            time.sleep(6)
            shop.broker = Broker(shop.folder / "kafka", shop.broker.port, partitions=1)
            shop.send(topic, part)
            until(partial(reached, shop, lake, sent, streaming), PATIENCE_S)
            wait(streaming, consumer, 1)
        except ShoplakeError as error:
            wrong += failed(str(error), "start it again")
            if streaming is None:
                shop.send(topic, part)
        finally:
            if streaming is not None:
                streaming.stop()
    return wrong + finish(shop, lake, topic)


@case
def topic_made_anew_while_it_runs(shop: Shop) -> list[str]:
    """The broker is replaced by one whose topic of that name begins at 0 again."""
    lake, topic, half = "anew", "corner.anew", len(shop.lines) // 2
    shop.send(topic, shop.lines[:half])
    consumer = shop.consumer(lake, topic)
    streaming = consumer.start(once=False, interval="1 second", most=1000)
    wrong = []
    port = shop.broker.port
    try:
        until(partial(reached, shop, lake, half, streaming), PATIENCE_S)
        shop.broker.stop()
        shop.broker = Broker(shop.folder / "kafka2", port, partitions=1)
        shop.send(topic, shop.lines[half : half + 20])
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and not wait(streaming, consumer, 2):
            pass
        wrong.append("the stream goes on, and says nothing")
    except ShoplakeError as error:
        wrong += failed(str(error), "made anew", "move that folder away")
    finally:
        streaming.stop()
    shop.send(topic, shop.lines[half + 20 :])
    status, said = shop.step("stream", lake, topic, "--once", "--refine-every", "0")
    if status != 1:
        wrong.append(f"started again without a new checkpoint it ends with {status}")
    wrong += failed(said, "made anew")
    (checkpoint,) = (shop.folder / lake / "streams").glob("*/*")
    shutil.move(checkpoint, shop.folder / "moved")
    return wrong + finish(shop, lake, topic)


@case
def duplicate_deliveries(shop: Shop) -> list[str]:
    """A producer that was not sure sends everything again: bronze keeps it, silver has it once."""
    lake, topic = "twice", "corner.twice"
    shop.send(topic, shop.lines)
    shop.send(topic, shop.lines[:-1])
    wrong = []
    status, said = shop.step("stream", lake, topic, "--once")
    wrong += [f"the stream ends with {status}: {said[-300:]}"] if status else []
    for table in ("silver.orders", "silver.people", "governance.quarantine_silver_orders"):
        if shop.content(calm(shop), table) != shop.content(lake, table):
            wrong.append(f"{table} differs")
    came, sent = shop.content(lake, "bronze.orders"), shop.content("calm", "bronze.orders")
    if sorted(set(came)) != sorted(set(sent)) or len(came) != 2 * len(sent):
        wrong.append(f"bronze.orders has {len(came)} rows for {len(sent)} sent twice")
    return wrong + shop.unbalanced(lake)


@case
def schema_change_under_load(shop: Shop) -> list[str]:
    """While a stream runs, messages get a new field, a wider type and a number for a text."""
    lake, topic, half = "schema", "corner.schema", 20
    before = [line(i) for i in range(half)]
    after = [
        line(half, note="new"),
        line(half + 1, units=2.5),
        line(half + 2, units=3_000_000_000),
        line(half + 3, price=3.5, who=17, extra={"deep": [1, 2]}),
        line(half + 4, at=None),
    ]
    data = shop.files("schema", before, after)
    for name, more in (("ingest", ("--data", str(data))), ("refine", ())):
        shop.step(name, "schema-calm", "schema-calm", *more)
    shop.send(topic, before)
    consumer = shop.consumer(lake, topic)
    streaming = consumer.start(once=False, interval="1 second", most=1000)
    wrong: list[str] = []
    try:
        until(partial(reached, shop, lake, half, streaming), PATIENCE_S)
        shop.send(topic, after)
        until(lambda: taken(shop, lake) >= half + len(after) or not streaming.isActive, PATIENCE_S)
        wait(streaming, consumer, 1)
    except ShoplakeError as error:
        wrong.append(f"the stream ended: {error}")
    finally:
        streaming.stop()
    return wrong + finish(shop, lake, topic, "schema-calm")
