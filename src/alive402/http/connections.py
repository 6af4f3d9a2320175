"""One connection: its caller sends what is owed in time, and reads what is told; what is no HTTP is refused."""

from __future__ import annotations

import asyncio

import h11
from starlette.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from alive402.calls.rendering import error_body
from alive402.http.core.errors import RequestRefused, new_request_id

# Between the first byte of a request, or the connection itself, and the end of its headers.
HEAD_SECONDS = 20.0
# For a body, at doors that set no limit of their own; an upload may take `ALIVE402_UPLOAD_RECEIVE_SECONDS` beside.
BODY_SECONDS = 90.0
# In so many seconds, whoever is being answered takes some of it.
UNREAD_SECONDS = 60.0


class NotHttp(RequestRefused):
    """What came is no request of HTTP/1.1."""

    default = "This is not a request of HTTP/1.1 with at most 32 KiB of headers."


class Connection(H11Protocol):
    """uvicorn's own, which waits for its callers without end: whoever begins and does not go on is cut off here."""

    more_body_seconds = 0.0
    _waiting: asyncio.TimerHandle | None = None
    _waits_for: object = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """See `H11Protocol`."""
        super().on_response_complete()
        self._wait()
        self._see_it_read()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`: more waits to be read than is kept for one caller."""
        super().pause_writing()
        self._see_it_read()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        for timer in (self._waiting, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in the shape of every refusal; what is being answered on this line is given up."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            refused = JSONResponse(error_body(NotHttp(), new_request_id()), NotHttp.status, {"Connection": "close"})
            head = h11.Response(status_code=refused.status_code, headers=refused.raw_headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(refused.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._see_it_read()

    def _wait(self) -> None:
        """Set the time for what its caller owes now, unless it runs already."""
        owes: object = None
        seconds = HEAD_SECONDS
        if self.conn.their_state is h11.SEND_BODY:
            owes, seconds = ("body", self.cycle), BODY_SECONDS + self.more_body_seconds
        elif self.conn.their_state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            # Between two requests nothing is owed: that is uvicorn's `timeout_keep_alive`.
            owes = ("head", self.cycle)
        if owes == self._waits_for:
            return
        self._waits_for = owes
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if owes is None else self.loop.call_later(seconds, self.transport.abort)

    def _see_it_read(self, left: int | None = None) -> None:
        """Cut off whoever has not read anything of what waits for them since the last look, `left` bytes then."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        now = self.transport.get_write_buffer_size()
        if left is not None and now >= left:
            self.transport.abort()
        elif now:
            self._unread = self.loop.call_later(UNREAD_SECONDS, self._see_it_read, now)


def connections(more_body_seconds: float) -> type[Connection]:
    """The connections of a service at one of whose doors a body may take so much longer."""
    return type("Connection", (Connection,), {"more_body_seconds": more_body_seconds})
