"""A private test network: a resolver, a public host that misbehaves by path, and internal hosts never to be reached.

`python -m tests.intake.hostile_network` makes network and mount namespaces, gives the loopback device public and
private addresses, answers names by DNS on port 53, fetches every URL of `hostile_urls.TABLE` with the limits of a
public service, and prints each result and the internal addresses that were reached. Exit code 77: the kernel does not
allow such namespaces.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import gzip
import json
import os
import socket
import ssl
import struct
import sys
import tempfile
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.intake import hostile_urls

if TYPE_CHECKING:
    from alive402.intake.fetch import FetchLimits

NOT_HERE = 77
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 4096, 16384, 1 << 18
_SIOCSIFADDR, _SIOCSIFFLAGS, _SIOCSIFNETMASK, _UP = 0x8916, 0x8914, 0x891C, 0x41
SERVED = (hostile_urls.PUBLIC_4, *(f"93.184.216.{n}" for n in range(1, 25)), hostile_urls.PUBLIC_6)

reached: list[str] = []


def leave_the_network(folder: Path) -> None:
    """Enter namespaces of this process, with the resolver in them."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWNS) != 0:
        sys.exit(NOT_HERE)
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
        libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
        for name, text in {
            "resolv.conf": "nameserver 127.0.0.1\noptions timeout:30 attempts:1\n",
            "nsswitch.conf": "hosts: files dns\n",
            "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        }.items():
            place = Path("/etc", name)
            if not place.exists():
                sys.exit(NOT_HERE)
            (folder / name).write_text(text)
            if libc.mount(str(folder / name).encode(), str(place.resolve()).encode(), None, _MS_BIND, None) != 0:
                sys.exit(NOT_HERE)
        give_addresses()
    except OSError:
        sys.exit(NOT_HERE)


def give_addresses() -> None:
    """Bring up the loopback device with every address of the table."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _UP))
        served = [address for address in SERVED if ":" not in address]
        for number, address in enumerate([*served, *hostile_urls.INSIDE], 1):
            name = f"lo:{number}".encode()
            for asked, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
                packed = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, IPv4Address(value).packed)
                fcntl.ioctl(control, asked, packed)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as control:
        for address in (hostile_urls.PUBLIC_6, *hostile_urls.INSIDE_6):
            packed = struct.pack("16sIi", IPv6Address(address).packed, 128, socket.if_nametoindex("lo"))
            fcntl.ioctl(control, _SIOCSIFADDR, packed)


class Resolver(asyncio.DatagramProtocol):
    """A DNS server with what `getaddrinfo` asks for."""

    def __init__(self) -> None:
        self._asked: dict[tuple[str, int], int] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, question: bytes, sender: tuple[str, int]) -> None:
        name, kind, end = self._read(question)
        if name == hostile_urls.SILENT:
            return
        count = self._asked[name, kind] = self._asked.get((name, kind), 0) + 1
        refused, records = self._answers(name, kind, count)
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | refused, 1, len(records), 0, 0)
        told = b"".join(
            owner + struct.pack(">HHIH", kind, 1, 0, len(content)) + content for owner, kind, content in records
        )
        self._transport.sendto(head + question[12:end] + told, sender)

    @staticmethod
    def _read(question: bytes) -> tuple[str, int, int]:
        labels, at = [], 12
        while length := question[at]:
            labels.append(question[at + 1 : at + 1 + length].decode("ascii", "replace"))
            at += 1 + length
        return ".".join(labels).lower(), int.from_bytes(question[at + 1 : at + 3], "big"), at + 5

    @staticmethod
    def _answers(name: str, kind: int, count: int) -> tuple[int, list[tuple[bytes, int, bytes]]]:
        asked = b"\xc0\x0c"
        if name == hostile_urls.FAILING:
            return 2, []
        alias, inner, address = hostile_urls.ALIAS
        if name == alias:
            wire = b"".join(bytes([len(label)]) + label.encode() for label in inner.split(".")) + b"\0"
            return 0, [(asked, 5, wire)] + ([(wire, 1, IPv4Address(address).packed)] if kind == 1 else [])
        if name not in hostile_urls.NAMES:
            return 3, []
        parsed = [ip_address(each) for each in hostile_urls.NAMES[name][0 if count == 1 else 1]]
        return 0, [(asked, kind, each.packed) for each in parsed if (each.version == 4) == (kind == 1)]


Reply = Callable[[asyncio.StreamWriter], Awaitable[None]]


def plain(head: str, body: bytes = b"") -> Reply:
    """Send a whole answer at once."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)

    return reply


def again_and_again(head: str, piece: bytes, seconds: float = 0.0) -> Reply:
    """Send a beginning, then the same bytes for ever."""

    async def reply(writer: asyncio.StreamWriter) -> None:
        writer.write(head.replace("\n", "\r\n").encode())
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(seconds)

    return reply


async def nothing(writer: asyncio.StreamWriter) -> None:
    """Send nothing, for longer than any client waits."""
    await asyncio.sleep(3600)


async def reset(writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of the body."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nv")
    await writer.drain()
    one = writer.get_extra_info("socket")
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


OK, VIDEO = "HTTP/1.1 200 OK", b"\0\0\0\x18ftypmp42" + b"\0" * 1000
MEGABYTE = b"v" * 2**20
REPLIES: dict[str, Reply] = {
    "video": plain(f"{OK}\nContent-Length: {len(VIDEO)}", VIDEO),
    "none": plain("HTTP/1.1 404 Not Found\nContent-Length: 0"),
    "partial": plain("HTTP/1.1 206 Partial Content\nContent-Range: bytes 0-0/9\nContent-Length: 1", b"v"),
    "no-content": plain("HTTP/1.1 204 No Content"),
    "not-modified": plain("HTTP/1.1 304 Not Modified\nLocation: http://127.0.0.1/"),
    "switching": plain("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade"),
    "redirect-to-nothing": plain("HTTP/1.1 302 Found\nContent-Length: 0"),
    "too-long-told": plain(f"{OK}\nContent-Length: {10**12}", VIDEO),
    "endless": again_and_again(f"{OK}\nConnection: close\n\n", MEGABYTE),
    "endless-chunks": again_and_again(f"{OK}\nTransfer-Encoding: chunked\n\n", b"100000\r\n" + MEGABYTE + b"\r\n"),
    "longer-than-told": plain(f"{OK}\nContent-Length: {len(VIDEO)}", VIDEO + MEGABYTE),
    "shorter-than-told": plain(f"{OK}\nContent-Length: {len(VIDEO) + 1}", VIDEO),
    "negative-length": plain(f"{OK}\nContent-Length: -1", VIDEO),
    "two-lengths": plain(f"{OK}\nContent-Length: 5\nContent-Length: 1012", VIDEO),
    "broken-chunks": plain(f"{OK}\nTransfer-Encoding: chunked", b"zz\r\n" + VIDEO),
    "huge-chunk": plain(f"{OK}\nTransfer-Encoding: chunked", b"f" * 32 + b"\r\n" + VIDEO),
    "huge-header": plain(f"{OK}\nX: {'x' * 2**20}\nContent-Length: 0"),
    "many-headers": plain(OK + "".join(f"\nX-{n}: {n}" for n in range(20_000)) + "\nContent-Length: 0"),
    "endless-headers": again_and_again(f"{OK}\n", b"X: " + b"x" * 1000 + b"\r\n"),
    "no-http": plain("SSH-2.0-OpenSSH_9.9"),
    "hang-up": plain(""),
    "reset": reset,
    "silent": nothing,
    "drip": again_and_again(f"{OK}\nContent-Length: 1000000\n\n", b"v", 0.02),
    "drip-headers": again_and_again(f"{OK}\nX: ", b"x", 0.02),
    "continue-for-ever": again_and_again("", b"HTTP/1.1 100 Continue\r\n\r\n", 0.02),
    "empty": plain(f"{OK}\nContent-Length: 0"),
    "gzip-bomb": plain(f"{OK}\nContent-Encoding: gzip\nConnection: close", gzip.compress(bytes(2**26), 9)),
    "page": plain(f"{OK}\nContent-Type: video/mp4\nContent-Length: 15", b"<!doctype html>"),
    "playlist": plain(f"{OK}\nContent-Type: video/mp4\nContent-Length: 27", b"#EXTM3U\nhttp://127.0.0.1/a\n"),
    **{f"to/{name}": plain(f"HTTP/1.1 302 F\nLocation: {where}\nContent-Length: 0") for name, where in
       hostile_urls.REDIRECTS.items()},
}  # fmt: skip


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection to any address of the network."""
    address = str(writer.get_extra_info("sockname")[0]).removeprefix("::ffff:")
    if address not in SERVED:
        reached.append(address)
    try:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode("latin-1")
        await REPLIES.get(path.strip("/"), REPLIES["none"])(writer)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def live(folder: Path) -> dict[str, object]:
    """Open the network, check that the internal hosts can be reached at all, and fetch every URL."""
    # Behind the namespaces: what these import may start threads.
    import httpx

    from alive402.intake.fetch import FetchLimits

    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(Resolver, local_addr=("127.0.0.1", 53))
    for port, secure in ((80, None), (8080, None), (6379, None), (22, None), (443, certificate(folder))):
        for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            await asyncio.start_server(serve, host, port, family=family, ssl=secure)
    async with httpx.AsyncClient(trust_env=False) as careless:
        for url in ("http://loopback.example/", "http://169.254.169.254/", "http://[64:ff9b::7f00:1]/"):
            await careless.get(url)
    control = sorted(reached)
    reached.clear()
    limits = FetchLimits(seconds=2.0, patience=0.3, max_bytes=3_000_000)
    codes = await asyncio.gather(
        *(code_of(url, folder / str(n), limits) for n, (url, _) in enumerate(hostile_urls.TABLE))
    )
    return {"codes": codes, "reached": reached, "control": control, "largest": largest_in(folder)}


def largest_in(folder: Path) -> int:
    """The size of the largest file that a fetch left."""
    return max(path.stat().st_size for path in folder.iterdir())


async def code_of(url: str, target: Path, limits: FetchLimits) -> str:
    """The result of fetching one URL as the provider does."""
    from alive402.errors import CodedError
    from alive402.intake.fetch import fetch_file
    from alive402.intake.sniff import container_of

    try:
        await fetch_file(url, target, limits)
        container_of(target)
    except CodedError as error:
        told = json.dumps(error.to_dict())
        inside = [
            address for address in ("127.0.0.1", "::1", *hostile_urls.INSIDE, *hostile_urls.INSIDE_6) if address in told
        ]
        return f"{error.code} that tells {inside[0]}" if inside else error.code
    except Exception as error:
        return f"uncaught {error!r}"
    return hostile_urls.FETCHED


def certificate(folder: Path) -> ssl.SSLContext:
    """A TLS server context with an untrusted certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "public.example")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("public.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    return context


def main() -> None:
    """Print the result of every URL as one JSON object."""
    with tempfile.TemporaryDirectory() as folder:
        leave_the_network(Path(folder))
        # `resolv.conf` and its kin lie mounted from here, so what is fetched gets a folder of its own.
        target = Path(folder, "fetched")
        target.mkdir()
        print(json.dumps(asyncio.run(live(target))), flush=True)
        # Threads still wait for the resolver that never answers; and the mounts go with the process.
        os._exit(0)


if __name__ == "__main__":
    main()
