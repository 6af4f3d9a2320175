"""Tests of the upload bucket behind a proxy: upload policies, forms, answers and refusals of OSS, settings."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from alibabacloud_tea_openapi.client import Client as AnyClient
from alibabacloud_tea_openapi.models import OpenApiRequest, Params
from alibabacloud_tea_util.models import RuntimeOptions
from darabonba.exceptions import DaraException
from pydantic import ValidationError

from alive402.demo import Clips
from alive402.http.alibaba.upload_policy import Policy
from alive402.settings import Settings
from tests.http.access_keys import SERVICE, V3, command, credited, detect, made, sdk
from tests.http.conftest import Service, Start
from tests.http.tls import Certified, certified

HOST = "uploads.alive402.test"
BUCKET_HOST = f"alive402.{HOST}"
MAX_BYTES = 3_000_000
PAGE = (Path(__file__).parents[3] / "docs" / "alibaba.md").read_text()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certified:
    return certified(tmp_path_factory.mktemp("tls"), BUCKET_HOST)


@pytest.fixture(scope="module")
def behind(start: Start, tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A service behind a proxy that terminates TLS."""
    return start(
        upload_host=HOST,
        media_directory=tmp_path_factory.mktemp("media"),
        max_video_bytes=MAX_BYTES,
        upload_seconds=2000,
        uploads_per_payer=2,
        calls_per_key="1000/second",
    )


def upload_policy_for(service: Service, key: dict[str, Any]) -> dict[str, Any]:
    """The answer of AuthorizeFileUpload, requested as the SDK does."""
    params = Params(
        action="AuthorizeFileUpload",
        version="2019-12-19",
        protocol="HTTPS",
        pathname="/",
        method="GET",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )
    asked = OpenApiRequest(query={"Product": "facebody", "RegionId": "cn-shanghai"})
    answer = AnyClient.call_api(sdk(service, key, V3), params, asked, RuntimeOptions(no_proxy="127.0.0.1"))
    return dict(answer["body"])


def fields_of(given: dict[str, Any], **changed: str) -> dict[str, str]:
    """The form's fields, named and sorted as the SDK does."""
    fields = {
        "OSSAccessKeyId": given["AccessKeyId"],
        "Signature": given["Signature"],
        "host": f"{given['Bucket']}.{given['Endpoint']}",
        "key": given["ObjectKey"],
        "policy": given["EncodedPolicy"],
        "success_action_status": "201",
    }
    return {**fields, **changed}


def post(
    service: Service, fields: dict[str, str], file: bytes = b"x" * 2_000, host: str = BUCKET_HOST
) -> httpx.Response:
    files = {"file": (fields["key"], file, "")}
    return httpx.post(service.url, data=fields, files=files, headers={"Host": host}, timeout=30)


def refusal(response: httpx.Response) -> tuple[int, str]:
    tree = ElementTree.fromstring(response.content)
    assert response.headers["content-type"] == "application/xml"
    assert tree.tag == "Error"
    said = {child.tag: child.text for child in tree}
    assert said.keys() == {"Code", "Message", "RequestId", "HostId"}
    assert said["RequestId"] == response.headers["x-oss-request-id"]
    return response.status_code, str(said["Code"])


def put(service: Service, key: dict[str, Any], **changed: str) -> httpx.Response:
    return post(service, fields_of(upload_policy_for(service, key), **changed))


def test_upload_policy_has_the_vendors_format(behind: Service) -> None:
    key = made(behind)
    given = upload_policy_for(behind, key)
    assert given.keys() == {
        "RequestId", "AccessKeyId", "Bucket", "EncodedPolicy", "Endpoint", "ObjectKey", "Signature", "UseAccelerate"
    }  # fmt: skip
    assert (given["AccessKeyId"], given["Bucket"], given["Endpoint"]) == (key["accessKeyId"], "alive402", HOST)
    assert given["UseAccelerate"] is False
    policy = json.loads(base64.b64decode(given["EncodedPolicy"]))
    assert ["eq", "$key", given["ObjectKey"]] in policy["conditions"]
    assert ["content-length-range", 1, MAX_BYTES] in policy["conditions"]
    assert key["key"] not in json.dumps(given)


@pytest.mark.parametrize(("wanted", "status"), [("201", 201), ("200", 200), ("204", 204), ("500", 204), ("", 204)])
def test_upload_answer_has_the_format_of_oss(behind: Service, wanted: str, status: int) -> None:
    given = upload_policy_for(behind, made(behind))
    answer = post(behind, fields_of(given, success_action_status=wanted))
    assert answer.status_code == status
    assert answer.headers["etag"]
    if status == 201:
        said = {child.tag: child.text for child in ElementTree.fromstring(answer.content)}
        assert said["Key"] == given["ObjectKey"]
        assert said["ETag"] == answer.headers["etag"]
        assert str(said["Location"]).endswith(f"://{BUCKET_HOST}/{given['ObjectKey']}")
    else:
        assert answer.content == b""


def test_uploaded_object_works_in_every_api_and_is_not_readable(behind: Service, clips: Clips) -> None:
    key = made(behind)
    given = upload_policy_for(behind, key)
    assert post(behind, fields_of(given), clips.bona_fide.read_bytes()).status_code == 201
    url = f"http://{BUCKET_HOST}/{given['ObjectKey']}"
    shown = httpx.get(f"{behind.url}/{given['ObjectKey']}", headers={"Host": BUCKET_HOST})
    assert (shown.status_code, shown.json()["used"]) == (200, False)
    path, headers = f"/api/tools/{SERVICE}", {"X-Api-Key": key["key"]}
    answer = httpx.post(
        behind.url + path, json={"VideoUrl": url.replace("http:", "https:")}, headers=headers, timeout=120
    )
    assert (answer.status_code, len(answer.json()["data"]["Elements"])) == (200, 1)
    # It is used: gone for every door, and its key is good no more.
    with pytest.raises(DaraException) as gone:
        detect(sdk(behind, key, V3), url)
    assert gone.value.code == "InvalidFile.Download"
    assert refusal(post(behind, fields_of(given))) == (409, "FileAlreadyExists")


def test_object_key_is_accepted_once(behind: Service) -> None:
    given = upload_policy_for(behind, made(behind))
    assert post(behind, fields_of(given)).status_code == 201
    assert refusal(post(behind, fields_of(given), b"another")) == (409, "FileAlreadyExists")
    assert httpx.get(f"{behind.url}/{given['ObjectKey']}").json()["bytes"] == 2_000


def test_failed_form_can_be_sent_again(behind: Service) -> None:
    given = upload_policy_for(behind, made(behind))
    assert refusal(post(behind, fields_of(given), b"")) == (400, "EntityTooSmall")
    assert refusal(post(behind, fields_of(given), b"x" * (MAX_BYTES + 1))) == (400, "EntityTooLarge")
    assert refusal(post(behind, fields_of(given), b"x" * (MAX_BYTES + 200_000))) == (400, "EntityTooLarge")
    assert post(behind, fields_of(given), b"x" * MAX_BYTES).status_code == 201


def test_upload_outside_the_policy_is_refused(behind: Service) -> None:
    mine, other = made(behind), made(behind)
    given, theirs = upload_policy_for(behind, mine), upload_policy_for(behind, other)
    signed = fields_of(given)
    forged = Policy(mine["accessKeyId"], given["ObjectKey"], 10**9, 10**10).encoded()
    for changed, found in (
        ({"policy": forged}, (403, "SignatureDoesNotMatch")),
        ({"Signature": theirs["Signature"]}, (403, "SignatureDoesNotMatch")),
        ({"Signature": "ä"}, (403, "SignatureDoesNotMatch")),
        ({"key": theirs["ObjectKey"]}, (403, "AccessDenied")),
        ({"key": "../key"}, (403, "AccessDenied")),
        ({"OSSAccessKeyId": other["accessKeyId"]}, (403, "AccessDenied")),
        ({"policy": ""}, (400, "InvalidArgument")),
        ({"note": "x" * 20_000}, (400, "MalformedPOSTRequest")),
    ):
        assert refusal(post(behind, {**signed, **changed})) == found
    assert httpx.get(f"{behind.url}/{given['ObjectKey']}").status_code == 410
    assert post(behind, signed).status_code == 201


def test_upload_policy_expires(start: Start, tmp_path: Path) -> None:
    # Over from the first moment: a policy is told in whole seconds.
    brief = start(upload_host=HOST, media_directory=tmp_path / "media", upload_seconds=0.001)
    given = upload_policy_for(brief, made(brief))
    assert refusal(post(brief, fields_of(given))) == (403, "AccessDenied")


def test_revoked_or_unscoped_key_uploads_nothing(behind: Service) -> None:
    key = made(behind)
    given = upload_policy_for(behind, key)
    assert command(behind, "revoke", key["id"]).exit_code == 0
    assert refusal(post(behind, fields_of(given))) == (403, "InvalidAccessKeyId")
    with pytest.raises(DaraException) as refused:
        upload_policy_for(behind, made(behind, scope="ledger"))
    assert refused.value.code == "AuthFailed"


def test_insolvent_key_gets_no_upload_policy(behind: Service, videos: str) -> None:
    key = made(behind, "--prepaid")
    with pytest.raises(DaraException) as refused:
        upload_policy_for(behind, key)
    assert refused.value.code == "InvalidApi.NotPurchase"
    credited(behind, key, 1)
    given = upload_policy_for(behind, key)
    detect(sdk(behind, key, V3), f"{videos}/face.mp4")
    assert refusal(post(behind, fields_of(given))) == (403, "AccessDenied")


def test_uploads_per_key_are_limited(behind: Service) -> None:
    key = made(behind)
    # As many as a call of the image service takes.
    assert [put(behind, key).status_code for _ in range(10)] == [201] * 10
    full = put(behind, key)
    assert refusal(full) == (429, "TooManyRequests")
    assert int(full.headers["retry-after"]) > 0


def test_without_upload_host_the_sdk_gets_an_error(roomless: Service) -> None:
    with pytest.raises(DaraException) as refused:
        upload_policy_for(roomless, made(roomless))
    assert refused.value.code == "InvalidAction.NotFound"
    assert "ALIVE402_UPLOAD_HOST" in str(refused.value)


@pytest.fixture
def roomless(service: Service) -> Service:
    return service


def test_bucket_route_ignores_other_hosts_and_requests(behind: Service) -> None:
    given = upload_policy_for(behind, made(behind))
    for host in (HOST, f"other.{HOST}", "127.0.0.1"):
        answer = post(behind, fields_of(given), host=host)
        assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidParameter")
    # The bucket's name may be the service's own too.
    rpc = httpx.post(behind.url, data={"Action": "DetectVideoLivingFace"}, headers={"Host": BUCKET_HOST})
    assert rpc.json()["Code"] == "MissingParameter"
    assert post(behind, fields_of(given), host=f"{BUCKET_HOST.upper()}:8443").status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"no form",
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\na\r\n--b--\r\n',
        b"--b\r\nContent-Disposition: form-data\r\n\r\na\r\n--b--\r\n",
        b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\na\r\n--b--\r\n',
        b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\n\xff\r\n--b--\r\n',
    ],
)
def test_malformed_object_form_is_refused(behind: Service, body: bytes) -> None:
    headers = {"Host": BUCKET_HOST, "Content-Type": "multipart/form-data; boundary=b"}
    assert refusal(httpx.post(behind.url, content=body, headers=headers)) == (400, "MalformedPOSTRequest")


def test_invalid_tls_settings_stop_the_start(tls: Certified, tmp_path: Path) -> None:
    other = certified(tmp_path, "other.test")
    with pytest.raises(ValidationError, match="go together"):
        Settings(tls_certificate=tls.certificate)
    for certificate, key in ((tls.certificate, other.key), (tls.key, tls.key), (tmp_path / "none.pem", tls.key)):
        with pytest.raises(ValidationError, match="cannot be used"):
            Settings(tls_certificate=certificate, tls_key=key)


@pytest.mark.parametrize("host", ["", "UPLOADS.test", "https://a.test", "a.test/", "-a.test", "a..test", "a.test:x"])
def test_invalid_upload_host_stops_the_start(host: str) -> None:
    with pytest.raises(ValidationError, match="upload_host"):
        Settings(upload_host=host)


def test_cloud_provider_accepts_no_uploads() -> None:
    with pytest.raises(ValidationError, match="ALIVE402_UPLOAD_HOST"):
        Settings(provider="alibaba", alibaba_access_key_id="a", alibaba_access_key_secret="b", upload_host=HOST)
