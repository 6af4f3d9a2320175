"""MCP server with tools and a guide resource; reports progress and stops cancelled calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ElicitResult,
    InputRequiredResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
    Tool,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from alive402 import __version__
from alive402.errors import CodedError
from alive402.intake.sandbox import Progress
from alive402.mcp.guide import URI

_MARKDOWN = "text/markdown"
_JSON = "application/json"
REPORTS = "alive402://reports/"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of the tool `name`: arguments, `_meta`, and its HTTP request (None over stdio).

    `opens_urls`: the client can show a person a URL. `state` is what a result that required input gave to the client,
    and `answers` are what the person did with each input: accept, decline or cancel.
    """

    name: str
    arguments: dict[str, Any]
    meta: Mapping[str, Any]
    request: Any
    opens_urls: bool = False
    state: str | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


Work = Callable[[ToolCall, Progress], Awaitable[CallToolResult | InputRequiredResult]]
Report = Callable[[str, Any], Awaitable[dict[str, Any]]]
"""(report id, HTTP request) to the answer as it was given; raises a `CodedError`."""


def agent_server(
    tools: Sequence[Tool],
    words: Mapping[str, Mapping[str, str]],
    guide: str,
    work: Work,
    report: Report | None = None,
) -> Server[Any]:
    """A server whose tools call `work` and whose resource is `guide`; `words` are progress texts by tool and stage.

    With `report`, finished answers are resources too: unlisted, and readable by id.
    """
    names = ", ".join(tool.name for tool in tools)
    resource = Resource(
        name="guide", title="How to use this", uri=URI, mime_type=_MARKDOWN, description=f"How to use {names}."
    )

    async def list_tools(_ctx: Any, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=list(tools))

    async def call_tool(ctx: Any, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        if all(params.name != tool.name for tool in tools):
            raise MCPError(INVALID_PARAMS, f"There is no such tool. There is {names}.")
        call = ToolCall(
            params.name,
            dict(params.arguments or {}),
            dict(ctx.meta or {}),
            ctx.request,
            _opens_urls(ctx.session),
            params.request_state,
            {
                key: each.action
                for key, each in (params.input_responses or {}).items()
                if isinstance(each, ElicitResult)
            },
        )
        return await _with_progress(
            lambda progress: work(call, progress), ctx.session.report_progress, words[call.name]
        )

    async def list_resources(_ctx: Any, _params: PaginatedRequestParams | None) -> ListResourcesResult:
        return ListResourcesResult(resources=[resource])

    async def list_templates(_ctx: Any, _params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        template = ResourceTemplate(
            name="report",
            title="A finished answer",
            uri_template=REPORTS + "{id}",
            mime_type=_JSON,
            description="The answer and its payment again; `id` is the last part of the answer's `reportUrl`.",
        )
        return ListResourceTemplatesResult(resource_templates=[template] if report else [])

    async def read_resource(ctx: Any, params: ReadResourceRequestParams) -> ReadResourceResult:
        uri = str(params.uri)
        if report is not None and uri.startswith(REPORTS):
            try:
                found = await report(uri.removeprefix(REPORTS), ctx.request)
            except CodedError as error:
                raise MCPError(INVALID_PARAMS, error.message) from None
            text = json.dumps(found, ensure_ascii=False)
            return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=_JSON, text=text)])
        if uri != URI:
            raise MCPError(INVALID_PARAMS, f"There is no such resource. The only one is {URI}.")
        return ReadResourceResult(contents=[TextResourceContents(uri=URI, mime_type=_MARKDOWN, text=guide)])

    return Server(
        "alive402",
        version=__version__,
        title="alive402",
        instructions=guide,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
    )


def _opens_urls(session: Any) -> bool:
    """Whether the client can show a person a URL, in a revision that has results which require input."""
    said = session.client_capabilities
    able = said is not None and said.elicitation is not None and said.elicitation.url is not None
    return able and session.protocol_version in MODERN_PROTOCOL_VERSIONS


async def _with_progress(
    work: Callable[[Progress], Awaitable[CallToolResult | InputRequiredResult]],
    report: Callable[..., Awaitable[None]],
    words: Mapping[str, str],
) -> CallToolResult | InputRequiredResult:
    """Do the work and report its progress; when cancelled, wait until the work has stopped.

    The work is a separate task: the MCP library cancels again at each await, which would interrupt the release of the
    payment.
    """
    said: asyncio.Queue[tuple[str, float] | None] = asyncio.Queue()
    task = asyncio.ensure_future(work(lambda stage, share: said.put_nowait((stage, share))))
    task.add_done_callback(lambda _done: said.put_nowait(None))
    try:
        last = -1.0
        while (word := await said.get()) is not None:
            stage, share = word
            # The protocol requires each progress report to exceed the one before.
            if share > last and stage in words:
                last = share
                await report(share, 1.0, words[stage])
        return await task
    finally:
        if not task.done():
            task.cancel()
            with anyio.CancelScope(shield=True):
                await asyncio.wait({task})
