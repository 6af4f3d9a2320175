"""HTTP/1.1 connection with read and write deadlines; malformed input gets a JSON 400."""

from __future__ import annotations

import asyncio

import h11
from starlette.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from alive402.calls import error_body
from alive402.http.core import RequestRefused, new_request_id

# From the start of the connection, or from the first byte of a request, to the end of its headers.
HEAD_SECONDS = 20.0
# For a body on routes without a limit of their own. Uploads get `ALIVE402_UPLOAD_RECEIVE_SECONDS` more.
BODY_SECONDS = 90.0
# A client that reads nothing of its response for this long is disconnected.
UNREAD_SECONDS = 60.0
# For the request line and the headers.
HEAD_BYTES = 32 * 1024
_LENGTHS = {b"content-length", b"transfer-encoding"}


class NotHttp(RequestRefused):
    """The bytes received are not an HTTP/1.1 request."""

    default = "This is not an HTTP/1.1 request with at most 32 KiB of headers."


class NotEncoded(NotHttp):
    """The URL of the request line has raw characters that HTTP does not allow there (RFC 9112, 3.2)."""

    default = (
        "The URL of the request has a space or a character beyond ASCII. Percent-encode it: a space is %20, other "
        "characters are their bytes in UTF-8, each as %XX; with curl: -G --data-urlencode."
    )


class TwoLengths(NotHttp):
    """The request states the length of its body twice, so that a proxy could see another end of it (RFC 9112, 6.1)."""

    default = "The request has both Content-Length and Transfer-Encoding. Send one of them. This connection is closed."


class _Requests(h11.Connection):
    """Parser of one connection's requests: `refusal` is the error of one that it rejects, `head` whether it is HEAD.

    The method of a request whose first line is malformed is unknown; it is answered like any other than HEAD.
    """

    refusal: type[RequestRefused] = NotHttp
    head = False

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """The next event of the client.

        Raises:
            h11.RemoteProtocolError: the bytes received are not a request, or one whose length is stated twice.
        """
        line = b""
        if self.their_state is h11.IDLE:
            self.head = False
            line = self.trailing_data[0].partition(b"\r\n")[0]
        try:
            event = super().next_event()
        except h11.RemoteProtocolError:
            if _is_not_encoded(line):
                self.refusal = NotEncoded
            raise
        if isinstance(event, h11.Request):
            self.head = event.method == b"HEAD"
            if {name for name, _ in event.headers} >= _LENGTHS:
                self.refusal = TwoLengths
                raise h11.RemoteProtocolError(TwoLengths.default)
        return event


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 protocol plus deadlines: a client that stalls while sending or reading is disconnected."""

    conn: _Requests
    more_body_seconds = 0.0
    _waiting: asyncio.TimerHandle | None = None
    _waits_for: object = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the deadline of the first request's headers."""
        self.conn = _Requests(h11.SERVER, HEAD_BYTES)
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Process received bytes, then update the deadline of what the client sends next."""
        super().data_received(data)
        self._wait()

    def on_response_complete(self) -> None:
        """Update the read deadline for the next request and start the write deadline."""
        super().on_response_complete()
        self._wait()
        self._see_it_read()

    def pause_writing(self) -> None:
        """Start the write deadline: more response bytes are buffered than the limit for one client."""
        super().pause_writing()
        self._see_it_read()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel both deadlines."""
        for timer in (self._waiting, self._unread):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer malformed input with a 400 in the usual error format, and abandon the response in progress."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = error_body(self.conn.refusal(), new_request_id())
            refused = JSONResponse(body, NotHttp.status, {"Connection": "close"})
            head = h11.Response(status_code=refused.status_code, headers=refused.raw_headers, reason=b"Bad Request")
            data = [] if self.conn.head else [h11.Data(data=bytes(refused.body))]
            for event in (head, *data, h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        self._see_it_read()

    def _wait(self) -> None:
        """Set the deadline for what the client has to send next, unless it is already running."""
        owes: object = None
        seconds = HEAD_SECONDS
        if self.conn.their_state is h11.SEND_BODY:
            owes, seconds = ("body", self.cycle), BODY_SECONDS + self.more_body_seconds
        elif self.conn.their_state is h11.IDLE and (self.cycle is None or self.conn.trailing_data[0]):
            # Between two requests uvicorn's `timeout_keep_alive` applies.
            owes = ("head", self.cycle)
        if owes == self._waits_for:
            return
        self._waits_for = owes
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None if owes is None else self.loop.call_later(seconds, self.transport.abort)

    def _see_it_read(self, left: int | None = None) -> None:
        """Disconnect a client that has read nothing since the last check, when `left` bytes were unread."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        now = self.transport.get_write_buffer_size()
        if left is not None and now >= left:
            self.transport.abort()
        elif now:
            self._unread = self.loop.call_later(UNREAD_SECONDS, self._see_it_read, now)


def _is_not_encoded(line: bytes) -> bool:
    """Whether a line would be a request line if the URL in it were percent-encoded."""
    _, _, rest = line.partition(b" ")
    target, _, version = rest.rpartition(b" ")
    return version in (b"HTTP/1.1", b"HTTP/1.0") and (b" " in target or not target.isascii())


def connections(more_body_seconds: float) -> type[Connection]:
    """A `Connection` class that allows a body `more_body_seconds` beyond `BODY_SECONDS`."""
    return type("Connection", (Connection,), {"more_body_seconds": more_body_seconds})
