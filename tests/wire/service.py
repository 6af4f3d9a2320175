"""The running service as its callers see it: a child process, HTTP, JSON-RPC, Alibaba's signatures, x402 payments."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import sqlite3
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from eth_account import Account
from x402 import x402ClientSync
from x402.mechanisms.evm.exact import register_exact_evm_client
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.schemas import PaymentRequired

from tests.wire import command_line
from tests.wire.normalise import Normaliser

TOOL = "/api/tools/video-face-liveness-detection"
IMAGE_TOOL = "/api/tools/face-liveness-detection"
SERVICE = "video-face-liveness-detection"
UPLOAD_HOST = "uploads.wire.test"
GREETING = "alive402 is at "
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"w" * 32).decode()


class MediaHost:
    """A host on loopback that serves the files of a folder, and stores what is posted to it."""

    def __init__(self, folder: Path) -> None:
        posted: list[tuple[str, dict[str, str], Any]] = []

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args, directory=str(folder))

            def log_message(self, format: str, *args: object) -> None:
                pass

            def copyfile(self, source: Any, outputfile: Any) -> None:
                with contextlib.suppress(ConnectionError):
                    super().copyfile(source, outputfile)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posted.append((self.path, dict(self.headers.items()), json.loads(body)))
                self.send_response(204)
                self.end_headers()

        self.posted = posted
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Wire:
    """The service, its ledger, and its files."""

    url: str
    database: Path
    media: MediaHost
    http: httpx.Client
    normal: Normaliser
    account: Any = field(default_factory=Account.create)
    _mcp_headers: dict[str, str] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        return f"sqlite+aiosqlite:///{self.database}"

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        url = path if path.startswith("http") else self.url + path
        return self.http.request(method, url, **given)

    def said(self, response: httpx.Response) -> dict[str, Any]:
        """Status, headers and body, normalised; x402's headers are decoded."""
        headers: dict[str, Any] = self.normal.headers(response.headers)
        for name in ("payment-required", "payment-response", "x-payment-response"):
            if name in response.headers:
                headers[name] = self.normal.json(json.loads(base64.b64decode(response.headers[name])))
        return {"status": response.status_code, "headers": headers, "body": self._body(response)}

    def _body(self, response: httpx.Response) -> Any:
        if not response.content:
            return None
        kind = response.headers.get("content-type", "")
        if "json" in kind:
            return self.normal.json(response.json())
        if "html" in kind:
            return {"links": self.normal.links(response.text)}
        if "xml" in kind and "<loc>" in response.text:
            return {"locations": self.normal.locations(response.text)}
        if "xml" in kind:
            return self.normal.elements(response.text)
        return {"lines": [self.normal.text(each) for each in response.text.splitlines()]}

    def cli(self, *words: str) -> Any:
        """The JSON output of an `alive402` command on this ledger."""
        code, printed = command_line.run(*words, "--json", "--database-url", self.database_url)
        assert code == 0, words
        return json.loads(printed)

    # x402

    def fund(self) -> None:
        answer = self.ask("POST", "/devchain/faucet", json={"address": self.account.address})
        assert answer.status_code == 200, answer.text

    def signed(self, unpaid: httpx.Response) -> dict[str, Any]:
        """An x402 version 2 payment for a 402 answer."""
        client = register_exact_evm_client(x402ClientSync(), EthAccountSigner(self.account))
        required = PaymentRequired.model_validate(json.loads(base64.b64decode(unpaid.headers["PAYMENT-REQUIRED"])))
        payload = client.create_payment_payload(required)
        return dict(payload.model_dump(mode="json", by_alias=True, exclude_none=True))

    # MCP over HTTP

    def mcp(self, method: str, params: Mapping[str, Any] | None = None, **headers: str) -> Any:
        """One JSON-RPC request to the paid MCP server, in its own session."""
        if not self._mcp_headers:
            self._mcp_headers = {
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-06-18",
            }
            opened = self.ask("POST", "/mcp", json=initialize(), headers=self._mcp_headers)
            assert opened.status_code == 200, opened.text
            self._mcp_headers["Mcp-Session-Id"] = opened.headers.get("mcp-session-id", "")
            self.ask("POST", "/mcp", json=INITIALIZED, headers=self._mcp_headers)
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params or {})}
        answer = self.ask("POST", "/mcp", json=asked, headers={**self._mcp_headers, **headers})
        return _last_event(answer.text)

    def tool(self, arguments: Mapping[str, Any], meta: Mapping[str, Any] | None = None) -> Any:
        """The answer of the video tool of the paid MCP server."""
        params: dict[str, Any] = {"name": SERVICE.replace("-", "_"), "arguments": dict(arguments)}
        return self.normal.json(read_text(self.mcp("tools/call", {**params, **({"_meta": meta} if meta else {})})))

    # Alibaba

    def rpc(self, key: Mapping[str, str], **parameters: str) -> httpx.Response:
        """A call signed in Alibaba's RPC style (HMAC-SHA1)."""
        given = {
            "Action": "DetectVideoLivingFace",
            "Version": "2019-12-30",
            "Format": "JSON",
            "AccessKeyId": key["accessKeyId"],
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": uuid.uuid4().hex,
            "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **parameters,
        }
        given = {name: value for name, value in given.items() if value}
        canonical = "&".join(
            f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in sorted(given.items())
        )
        text = f"POST&%2F&{quote(canonical, safe='~')}"
        made = hmac.new(f"{key['key']}&".encode(), text.encode(), hashlib.sha1).digest()
        return self.ask("POST", "/", data={**given, "Signature": base64.b64encode(made).decode()})

    def post_object(self, fields: Mapping[str, str], file: bytes | None) -> httpx.Response:
        """A form posted to the bucket as Alibaba's SDK does."""
        files = {} if file is None else {"file": ("object", file, "")}
        headers = {"Host": f"alive402.{UPLOAD_HOST}"}
        return self.ask("POST", "/", data=dict(fields), files=files, headers=headers)

    # Ledger

    def schema(self) -> dict[str, Any]:
        """Tables, columns and indexes of the migrated ledger."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            return {name: _table(connection, name) for (name,) in names if not name.startswith("sqlite_")}


INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def initialize() -> dict[str, Any]:
    """The handshake of MCP's revision of June 2025."""
    client = {"name": "wire", "version": "1"}
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client}
    return {"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}


@contextmanager
def running(folder: Path, clip: Path) -> Iterator[Wire]:
    """Start `alive402 serve` on a free port, with a ledger and media in `folder`; it is stopped at the end."""
    files, database = folder / "media", folder / "ledger.db"
    files.mkdir()
    (files / "face.mp4").write_bytes(clip.read_bytes())
    (files / "text.mp4").write_text("no video")
    media = MediaHost(files)
    environment = command_line.environment(
        DATABASE_URL=f"sqlite+aiosqlite:///{database}",
        ALLOW_PRIVATE_HOSTS="true",
        UPLOAD_HOST=UPLOAD_HOST,
        METRICS_PUBLIC="true",
        CALLS_PER_KEY="1000/second",
        MAX_VIDEO_BYTES="5000000",
        WEBHOOK_URLS=json.dumps([f"{media.url}/webhook"]),
        WEBHOOK_SECRET=WEBHOOK_SECRET,
    )
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            command_line.child("serve", "--port=0"),
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            cwd=folder,
            text=True,
        )
    try:
        assert process.stdout is not None
        greeting = next((line for line in process.stdout if line.startswith(GREETING)), None)
        assert greeting is not None, (folder / "service.log").read_text()[-2000:]
        threading.Thread(target=process.stdout.read, daemon=True).start()
        url = greeting.removeprefix(GREETING).strip()
        with httpx.Client(timeout=120, trust_env=False) as client:
            version = client.get(f"{url}/healthz").json()["version"]
            hosts = {url: "<base>", media.url: "<media>"}
            bare = {each.removeprefix("http://"): mask.replace("<", "<host of ") for each, mask in hosts.items()}
            yield Wire(url, database, media, client, Normaliser({**hosts, **bare, version: "<version>"}))
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        media.close()


def until(done: Callable[[], Any], seconds: float = 20) -> Any:
    """The value of `done` once it is true, or after `seconds`, for the comparison."""
    end = time.monotonic() + seconds
    while not (found := done()) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _last_event(text: str) -> Any:
    """The response among server-sent events, or plain JSON."""
    data = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")]
    return json.loads(([each for each in data if each] or [text])[-1])


def read_text(message: Any) -> Any:
    """A JSON-RPC message whose tool text, which repeats the structured answer, is read as JSON."""
    for block in message.get("result", {}).get("content", []):
        with contextlib.suppress(ValueError, KeyError):
            block["text"] = json.loads(block["text"])
    return message


def _table(connection: sqlite3.Connection, table: str) -> dict[str, Any]:
    def rows(pragma: str, of: str) -> list[Any]:
        return connection.execute(f"PRAGMA {pragma}('{of}')").fetchall()

    columns = {
        name: {"type": kind, "not null": bool(required), "default": default, "primary key": key}
        for _, name, kind, required, default, key in rows("table_info", table)
    }
    indexes = {
        name: {
            "unique": bool(unique),
            "partial": bool(partial),
            "columns": [row[2] for row in rows("index_info", name)],
        }
        for _, name, unique, _, partial in rows("index_list", table)
    }
    keys = sorted([row[2], row[3], row[4]] for row in rows("foreign_key_list", table))
    return {"columns": columns, "indexes": indexes, "foreign keys": keys}
