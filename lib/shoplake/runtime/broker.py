"""A Kafka broker for one machine, without containers: `python -m shoplake.runtime.broker`.

One process is broker and controller (KRaft), on loopback, in 512 MB. Its jars come from Maven
Central through the Ivy that Spark brings, into Spark's own Ivy cache.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import FrameType

from shoplake.errors import SettingsError, ShoplakeError
from shoplake.runtime.console import console

KAFKA = "3.9.1"
_IVY = Path.home() / ".ivy2.5.2"
_MODULE = f"""<ivy-module version="2.0">
  <info organisation="shoplake" module="broker"/>
  <dependencies defaultconf="default">
    <dependency org="org.apache.kafka" name="kafka_2.13" rev="{KAFKA}"/>
    <dependency org="org.slf4j" name="slf4j-simple" rev="1.7.36"/>
  </dependencies>
</ivy-module>
"""
_PROPERTIES = """process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
num.partitions={partitions}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""
_PATIENCE_S = 60.0


class Broker:
    """A broker of our own, which `stop` ends; its topics stay in `folder`.

    Args:
        folder: for its log, settings and topics; made when it is missing.
        port: where it listens on 127.0.0.1; 0 takes a free one.
        partitions: of a topic that a producer makes by writing to it.

    Raises:
        SettingsError: Java or the jars are missing.
        ShoplakeError: it ended, or was not ready within a minute.
    """

    def __init__(self, folder: Path | str, port: int = 0, partitions: int = 3) -> None:
        if shutil.which("java") is None:
            raise SettingsError("there is no Java", remedy="put Java 17 on the PATH")
        self.folder = Path(folder).absolute()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = port or _free_port()
        settings = self.folder / "server.properties"
        text = _PROPERTIES.format(
            port=self.port,
            controller=_free_port(),
            data=self.folder / "topics",
            partitions=partitions,
        )
        settings.write_text(text)
        java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-cp", _classpath()]
        java.append("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
        self.log = self.folder / "broker.log"
        with self.log.open("ab") as log:
            form = ["format", "--ignore-formatted", "--cluster-id", "c2hvcGxha2Utc2hvcGxha2U"]
            made = [*java, "kafka.tools.StorageTool", *form, "--config", str(settings)]
            if subprocess.run(made, stdout=log, stderr=log).returncode:
                raise ShoplakeError(
                    "the Kafka broker's folder cannot be made ready",
                    where=str(self.log),
                    remedy="is it on a full disk, or from another version of Kafka?",
                )
            served = [*java, "kafka.Kafka", str(settings)]
            self._process = subprocess.Popen(served, stdout=log, stderr=log, start_new_session=True)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    @property
    def servers(self) -> str:
        """For `--kafka`."""
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        """End the broker's process, first politely."""
        self._process.terminate()
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        end = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        said = self.log.read_text(errors="replace").strip().splitlines()[-3:]
        raise ShoplakeError(
            f"the Kafka broker is not ready on port {self.port}: {' / '.join(said)[:300]}",
            where=str(self.log),
            remedy="is the port taken, or the folder used by another broker?",
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _classpath() -> str:
    """Kafka's jars; resolved once, then remembered beside them."""
    known = _IVY / f"shoplake-kafka-{KAFKA}.classpath"
    if known.is_file():
        text = known.read_text().strip()
        if text and all(map(os.path.exists, text.split(os.pathsep))):
            return text
    import pyspark

    (ivy,) = (Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar")
    with tempfile.TemporaryDirectory() as folder:
        module, found = Path(folder, "ivy.xml"), Path(folder, "classpath")
        module.write_text(_MODULE)
        resolve = ["java", "-jar", str(ivy), "-cache", str(_IVY / "cache")]
        resolve += ["-ivy", str(module), "-cachepath", str(found)]
        done = subprocess.run(resolve, capture_output=True, text=True)
        text = found.read_text().strip() if found.is_file() else ""
        if done.returncode or not text:
            raise SettingsError(
                f"Kafka's jars cannot be resolved: {(done.stdout.strip() or '?')[-300:]}",
                remedy="the first start fetches them from Maven Central",
            )
    # A reader must never see half of it.
    new = known.with_suffix(f".{os.getpid()}")
    new.write_text(text)
    os.replace(new, known)
    return text


def main(argv: list[str] | None = None) -> None:
    """Run a broker until it is interrupted."""
    parser = argparse.ArgumentParser(prog="shoplake.runtime.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--folder", default="lake.kafka", help="where its topics are kept")
    args = parser.parse_args(argv)

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    try:
        broker = Broker(args.folder, args.port)
    except ShoplakeError as error:
        console.print(str(error), markup=False)
        raise SystemExit(1) from None
    console.print(f"Kafka {KAFKA} listens on {broker.servers}; Ctrl-C ends it")
    try:
        signal.pause()
    except KeyboardInterrupt:
        pass
    finally:
        broker.stop()


if __name__ == "__main__":
    main()
