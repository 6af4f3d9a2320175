"""File upload for the SDK's `…_advance` calls: issues a signed upload policy, then accepts the form at the bucket host.

The bucket is the upload folder and an object's URL is an upload's URL, so every API reads the file from there.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from xml.etree import ElementTree

import structlog
from fastapi import Request, Response
from starlette.requests import ClientDisconnect
from starlette.routing import Match, Route
from starlette.types import Scope as AsgiScope

from alive402.calls import LedgerUnavailable, ServiceRegistry
from alive402.challenges import sha256_of
from alive402.errors import CodedError
from alive402.http.alibaba.errors import UNKNOWN_ACTION, ErrorCode, RpcRefused, classify, sentence
from alive402.http.alibaba.form import MAX_FIELD_BYTES, ObjectForm
from alive402.http.alibaba.upload_policy import BUCKET, Policy
from alive402.http.core import request_id, stated_length
from alive402.http.payment import PaymentObjects, resource_of
from alive402.http.routes import drain
from alive402.intake import UPLOADS_PATH, Upload, UploadMalformed, Uploads, UploadTooSlow
from alive402.liveness import VideoTooLarge
from alive402.payments.core import KeyAccount, Offer, PaymentRequired
from alive402.payments.keys import Scope

log = structlog.get_logger(__name__)

ACTION, VERSION = "AuthorizeFileUpload", "2019-12-19"
_FORM = "multipart/form-data"
_NOT_HERE = (
    "The SDK cannot send files to this service: the operator has set no ALIVE402_UPLOAD_HOST. "
    f"Send the file to {UPLOADS_PATH}, and its URL as VideoUrl or ImageURL."
)

EXISTS = ErrorCode("FileAlreadyExists", 409)
DENIED = ErrorCode("AccessDenied", 403)
UNSIGNED = ErrorCode("SignatureDoesNotMatch", 403)
FAULT = ErrorCode("InternalError", 500)
UNAVAILABLE = ErrorCode("ServiceUnavailable", 503)
TABLE: dict[str, ErrorCode] = {
    "api_key_refused": ErrorCode("InvalidAccessKeyId", 403),
    "api_key_forbidden": ErrorCode("AccessDenied", 403),
    "token_exhausted": ErrorCode("AccessDenied", 403),
    "too_many_failures": ErrorCode("TooManyRequests", 429),
    "too_many_uploads": ErrorCode("TooManyRequests", 429),
    "uploads_full": UNAVAILABLE,
    "upload_empty": ErrorCode("EntityTooSmall"),
    "upload_malformed": ErrorCode("MalformedPOSTRequest"),
    "upload_too_slow": ErrorCode("RequestTimeout"),
    "video_too_large": ErrorCode("EntityTooLarge"),
}


class _Refused(Exception):
    """The object is rejected; raised at the bucket host only."""

    def __init__(self, kind: ErrorCode, message: str) -> None:
        self.kind, self.message = kind, message
        super().__init__(message)


class Objects:
    """Both steps: `authorize` for the RPC API, `route` for the bucket host. Disabled without `host`."""

    def __init__(self, registry: ServiceRegistry, payments: PaymentObjects, uploads: Uploads, host: str | None) -> None:
        self._ledger_services, self._payments, self._uploads = registry.ledger_services, payments, uploads
        self._host = host
        self._sold = [calls for calls in registry.services if calls.service.upload_input]
        self._most = max((calls.service.upload_files for calls in self._sold), default=1)

    def route(self) -> Route:
        """`POST /` of a form to the bucket host."""
        return _BucketRoute(f"{BUCKET}.{self._host}" if self._host else None, self._answer)

    async def authorize(self, account: KeyAccount, access_key_id: str, request: Request) -> dict[str, Any]:
        """Issue a policy for one file, in the vendor's format without `RequestId`.

        Raises:
            RpcRefused: file uploads are disabled here.
            PaymentError, TooManyFailures: the key could not pay for a call.
        """
        if self._host is None or not self._sold:
            raise RpcRefused(UNKNOWN_ACTION, _NOT_HERE)
        async with self._affording(account, request):
            pass
        limits = self._uploads.limits
        # No longer than a used key is remembered, because each key may be used only once.
        expires_at = int(time.time() + limits.seconds)
        policy = Policy(access_key_id, f"{UPLOADS_PATH[1:]}/{self._uploads.new_id()}", limits.max_bytes, expires_at)
        encoded = policy.encoded()
        return {
            "AccessKeyId": access_key_id,
            "Bucket": BUCKET,
            "EncodedPolicy": encoded,
            "Endpoint": self._host,
            "ObjectKey": policy.key,
            "Signature": self._signed(encoded),
            "UseAccelerate": False,
        }

    async def _answer(self, request: Request) -> Response:
        refused: tuple[ErrorCode, str, int | None]
        try:
            return await self._post(request)
        except _Refused as error:
            refused = error.kind, error.message, None
        except Exception as error:
            known = classify(error, request_id(request))
            refused = _error_code(known), sentence(known), known.retry_after
        # A client that is still sending would not read the error.
        await drain(request)
        return self._refusal(request, *refused)

    async def _post(self, request: Request) -> Response:
        stated = stated_length(request)
        limits = self._uploads.limits
        if stated is not None and stated > limits.max_bytes + 2 * MAX_FIELD_BYTES:
            raise VideoTooLarge(max_bytes=limits.max_bytes)
        form = ObjectForm(_chunks(request), request.headers.get("content-type", ""))
        try:
            async with asyncio.timeout(limits.patience):
                fields = await form.fields()
        except TimeoutError:
            raise UploadTooSlow(seconds=limits.patience) from None
        policy = self._policy(fields)
        key = await self._ledger_services.access_keys.find(policy.access_key_id)
        account = key.allow(Scope.CALL)
        declared = None if stated is None else min(stated, limits.max_bytes)
        upload_id = policy.key.removeprefix(f"{UPLOADS_PATH[1:]}/")
        try:
            async with self._affording(account, request) as payer:
                upload = await self._uploads.receive(form.file(), sha256_of(payer), declared, upload_id, self._most)
        except FileExistsError:
            raise _Refused(EXISTS, "This key was used before. Call AuthorizeFileUpload for another one.") from None
        return self._posted(request, policy, upload, fields.get("success_action_status", ""))

    def _policy(self, fields: dict[str, str]) -> Policy:
        """The form's policy, after checking that we signed it.

        Raises:
            _Refused: the form lacks a field, or the policy is forged, expired or for another key.
        """
        names = ("OSSAccessKeyId", "policy", "Signature", "key")
        if missing := [name for name in names if not fields.get(name.lower())]:
            raise _Refused(ErrorCode("InvalidArgument"), f"The form has no field {missing[0]} before the file.")
        if not hmac.compare_digest(self._signed(fields["policy"]).encode(), fields["signature"].encode()):
            raise _Refused(UNSIGNED, "The policy was not signed by AuthorizeFileUpload of this service.")
        policy = Policy.read(fields["policy"])
        if policy.expires_at <= time.time():
            raise _Refused(DENIED, "Invalid according to Policy: Policy expired. Call AuthorizeFileUpload again.")
        if (policy.key, policy.access_key_id) != (fields["key"], fields["ossaccesskeyid"]):
            raise _Refused(DENIED, "Invalid according to Policy: send the policy's own key and OSSAccessKeyId.")
        return policy

    @asynccontextmanager
    async def _affording(self, account: KeyAccount, request: Request) -> AsyncIterator[str]:
        """Check that the key can pay for a call of a service that judges files, and yield its payer.

        The SDK does not say which service it will call, so one of them is enough.

        Raises:
            PaymentError, TooManyFailures: the key could not pay for a call of any.
        """
        offer = Offer(account=account, address=request.client.host if request.client else None)
        seconds = self._uploads.limits.receive_seconds
        unpaid: PaymentRequired | None = None
        async with AsyncExitStack() as stack:
            for calls in self._sold:
                resource = resource_of(calls.service, f"{self._payments.base(request)}/")
                affording = calls.affording(offer, resource, request_id(request), seconds)
                try:
                    payer = await stack.enter_async_context(affording)
                    break
                except PaymentRequired as error:
                    unpaid = unpaid or error
            else:
                assert unpaid is not None
                raise unpaid
            yield payer

    def _signed(self, encoded: str) -> str:
        return base64.b64encode(self._uploads.sign(encoded.encode())).decode()

    def _posted(self, request: Request, policy: Policy, upload: Upload, status: str) -> Response:
        etag = f'"{upload.sha256}"'
        headers = {"x-oss-request-id": request_id(request), "ETag": etag, "Cache-Control": "no-store"}
        if status != "201":
            return Response(status_code=200 if status == "200" else 204, headers=headers)
        location = f"{request.url.scheme}://{BUCKET}.{self._host}/{policy.key}"
        said = {"Bucket": BUCKET, "ETag": etag, "Key": policy.key, "Location": location}
        return _xml("PostResponse", said, 201, headers)

    def _refusal(self, request: Request, kind: ErrorCode, message: str, retry_after: int | None) -> Response:
        log.info("refused", request_id=request_id(request), code=kind.code, status=kind.status)
        said = {
            "Code": kind.code,
            "Message": message,
            "RequestId": request_id(request),
            "HostId": f"{BUCKET}.{self._host}",
        }
        headers = {"x-oss-request-id": said["RequestId"], "Cache-Control": "no-store", "Connection": "close"}
        if retry_after:
            headers["Retry-After"] = str(retry_after)
        return _xml("Error", said, kind.status, headers)


class _BucketRoute(Route):
    """A route that matches only the bucket's host name, because the RPC route has the same path."""

    def __init__(self, host: str | None, endpoint: Any) -> None:
        super().__init__("/", endpoint, methods=["POST"], include_in_schema=False)
        self._name = _name(host) if host else None

    def matches(self, scope: AsgiScope) -> tuple[Match, AsgiScope]:
        found, child = super().matches(scope)
        headers = dict(scope["headers"])
        mine = (
            self._name is not None
            and found is Match.FULL
            and _name(headers.get(b"host", b"").decode("latin-1")) == self._name
            and headers.get(b"content-type", b"").lower().startswith(_FORM.encode())
        )
        return (found, child) if mine else (Match.NONE, {})


def _error_code(error: CodedError) -> ErrorCode:
    """The OSS code for an error; an error missing from the table gets a generic code by its status."""
    if isinstance(error, LedgerUnavailable):
        return UNAVAILABLE
    return TABLE.get(error.code) or (ErrorCode("InvalidArgument") if error.status < 500 else FAULT)


def _name(host: str) -> str:
    # The port is ignored: a proxy may listen on a port other than the one that clients use.
    return host.partition(":")[0].lower()


def _xml(root: str, said: dict[str, str], status: int, headers: dict[str, str]) -> Response:
    tree = ElementTree.Element(root)
    for name, value in said.items():
        ElementTree.SubElement(tree, name).text = value
    body = ElementTree.tostring(tree, encoding="UTF-8", xml_declaration=True)
    return Response(body, status, headers, media_type="application/xml")


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise UploadMalformed("The upload ended early.") from None
