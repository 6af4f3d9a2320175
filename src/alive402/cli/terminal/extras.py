"""The extra of the package that a missing module belongs to, and the command that adds it."""

from __future__ import annotations

EXIT_MISSING = 69
"""EX_UNAVAILABLE of sysexits.h: a package that the command needs is not installed."""

_MODULES = {
    "server": (
        "x402 mcp mcp_types fastapi starlette uvicorn sqlalchemy alembic aiosqlite psycopg "
        "pydantic_settings jsonschema limits jwt cryptography standardwebhooks multipart python_multipart "
        "sse_starlette prometheus_client web3 eth_account eth_abi eth_utils eth_keys eth_typing hexbytes"
    ),
    "devchain": "eth_tester eth",
    "solana": "solana solders",
    "otel": "opentelemetry",
    "batch": "pyarrow",
    "cluster": "ray pandas",
    "alibaba": "alibabacloud_facebody20191230 alibabacloud_tea_openapi alibabacloud_tea_util Tea",
    "lab": "scipy matplotlib",
}
_EXTRA = {module: extra for extra, modules in _MODULES.items() for module in modules.split()}
_WITH_TEST_MONEY = ("serve", "demo")
"""Commands that by default also make a chain of their own."""


def extra_of(module: str | None) -> str | None:
    """The extra that brings `module`; None for a module of no extra.

    >>> extra_of("sqlalchemy.orm"), extra_of("scipy"), extra_of("numpy")
    ('server', 'lab', None)
    """
    return _EXTRA.get((module or "").partition(".")[0])


def command_for(extra: str, command: str = "") -> str:
    """The command that adds the extra; for a `command` that needs a second one, both.

    >>> command_for("server", "demo")
    "pip install 'alive402[server,devchain]'"
    """
    extras = "server,devchain" if command in _WITH_TEST_MONEY and extra in ("server", "devchain") else extra
    return f"pip install 'alive402[{extras}]'"
