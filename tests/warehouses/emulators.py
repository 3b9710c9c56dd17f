"""BigQuery and Snowflake, as emulators play them on loopback, and Spark: each in its own environment."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from stopping import ended

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
OLDEST_JAVA = 17
# An emulator would look for DuckDB's extensions in the internet.
NOWHERE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
NOWHERE |= {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


def program(kind: str, name: str) -> str:
    """A program of the environment of a kind of warehouse."""
    path = ROOT / f".venv-{kind}/bin/{name}"
    if not os.access(path, os.X_OK):
        pytest.fail(f"{path} is not there: `make test-warehouses` installs it.")
    return str(path)


@dataclass
class Emulator:
    """What the clients of an emulator find it by."""

    kind: str
    folder: Path
    # What the clients read in their environment, and what they are given.
    variables: dict[str, str]
    connection: dict[str, Any]

    def ask(self, *queries: str) -> list[list[dict[str, Any]]]:
        """The rows of queries, by the warehouse's own client: times in UTC, as ISO 8601 without a zone."""
        return asked(self.kind, self.connection, queries, self.variables, self.folder)


def asked(
    kind: str,
    connection: Mapping[str, Any],
    queries: tuple[str, ...],
    variables: Mapping[str, str],
    folder: Path,
) -> list[list[dict[str, Any]]]:
    """The rows of queries, by a warehouse's own client."""
    run = subprocess.run(
        [program(kind, "python"), str(Path(__file__).with_name("client.py")), kind],
        input=json.dumps({"connection": connection, "queries": queries}),
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, **NOWHERE, **variables},
    )
    assert run.returncode == 0, run.stderr
    found: list[list[dict[str, Any]]] = json.loads(run.stdout.splitlines()[-1])
    return found


@contextmanager
def bigquery(folder: Path) -> Iterator[Emulator]:
    """BigQuery, with a service account, whose tokens come from here too."""
    find = "import duckdb, duckdb_extension_spatial as spatial;"
    find += "[platform] = duckdb.sql('pragma platform').fetchone();"
    find += "print(spatial.__path__[0], duckdb.__version__, platform, sep='\\n')"
    found = subprocess.run(
        [program("bigquery", "python"), "-c", find], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    package, version, platform = found
    # Where its DuckDB looks for what it would download.
    extensions = folder / f".duckdb/extensions/v{version}/{platform}"
    extensions.mkdir(parents=True)
    (extensions / "spatial.duckdb_extension").symlink_to(
        Path(package, "extensions", f"v{version}", "spatial.duckdb_extension")
    )
    command = [program("bigquery", "bqemulator"), "start", "--ephemeral", "--project", "local"]
    command += ["--rest-port", "0", "--grpc-port", "0", "--log-level", "info"]
    with _tokens() as token_url, _started(command, folder, {"HOME": str(folder)}) as url:
        keyfile = folder / "service-account.json"
        keyfile.write_text(json.dumps(_service_account(token_url)))
        variables = {"BIGQUERY_EMULATOR_HOST": url, "GOOGLE_APPLICATION_CREDENTIALS": str(keyfile)}
        yield Emulator("bigquery", folder, variables, {"project": "local", "keyfile": str(keyfile)})


@contextmanager
def snowflake(folder: Path) -> Iterator[Emulator]:
    """Snowflake, with an empty database."""
    command = [
        program("snowflake", "python"),
        str(Path(__file__).with_name("fakesnow_server.py")),
        "--server",
    ]
    with _started(command, folder, {}) as url:
        account = {"account": "fakesnow", "user": "certs", "password": "s3cr3t", "database": "CERTS"}
        address = {"host": "127.0.0.1", "port": int(url.rsplit(":", 1)[1]), "protocol": "http"}
        emulator = Emulator("snowflake", folder, {}, account | address)
        emulator.ask("create database if not exists CERTS")
        yield emulator


def spark(folder: Path) -> Emulator:
    """Spark itself, in the process of whomever asks."""
    java = shutil.which("java") or "true"
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if not found or int(found[1]) < OLDEST_JAVA:
        pytest.skip(f"There is no Java from {OLDEST_JAVA} on, which Spark needs.")
    options = {
        "spark.master": "local[2]",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:{folder}/metastore;create=true",
        # With it, a task of 4.3 now and then cannot be read: UnionExec.children.
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.ui.enabled": "false",
    }
    (folder / "spark-defaults.conf").write_text(
        "".join(f"{name} {value}\n" for name, value in options.items())
    )
    (folder / "log4j2.properties").write_text("rootLogger.level = error\n")
    return Emulator("spark", folder, {"SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": "127.0.0.1"}, {})


@contextmanager
def _started(command: list[str], folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """A server's address, which its log tells; it is stopped at the end."""
    log = folder / "log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            command, stdout=written, stderr=written, cwd=folder, env={**os.environ, **NOWHERE, **variables}
        )
    with ended(server):
        yield _address(server, log)


def _address(server: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(600):
        if server.poll() is not None:
            break
        if found := re.search(r"Uvicorn running on (http://[\d.]+:\d+)", log.read_text()):
            url = found[1]
            with socket.create_connection((url[7:].split(":")[0], int(url.rsplit(":", 1)[1]))):
                return url
        time.sleep(0.1)
    pytest.fail(f"{server.args} does not start: {log.read_text()}")


@contextmanager
def _tokens() -> Iterator[str]:
    """The address that gives a token to whomever asks, as Google's does to who has an account's key."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = json.dumps(
                {"access_token": "s3cr3t", "token_type": "Bearer", "expires_in": 3600}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/token"
        server.shutdown()


def _service_account(token_url: str) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {
        "type": "service_account",
        "project_id": "local",
        "private_key_id": "1",
        "private_key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "client_email": "certs@local.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_url,
    }
