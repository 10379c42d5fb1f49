"""The embedded object store as browsers and S3 clients meet it; ranges on a second make too."""

# ruff: noqa: ASYNC210 - the server is a process of its own, so a blocking client blocks nobody

from __future__ import annotations

import os
import time
from contextlib import asynccontextmanager

import aioboto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ecg.kernel.embedded import open_stores, running_stores
from ecg.kernel.embedded.store import STALE_SECONDS, byte_range

BODY = bytes(range(256)) * 4
SIZE = len(BODY)
ORIGIN = "http://studio.example:5173"


@asynccontextmanager
async def client(store):
    session = aioboto3.Session(store.access_key, store.secret_key, region_name=store.region)
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    async with session.client("s3", endpoint_url=store.endpoint, config=config) as s3:
        yield s3


async def signed(store, verb, **params):
    async with client(store) as s3:
        return await s3.generate_presigned_url(verb, Params={"Bucket": store.bucket, **params})


@pytest.fixture(params=["embedded", "seaweed"])
def store(request):
    if request.param == "seaweed":
        return request.getfixturevalue("seaweed")
    return request.getfixturevalue("services").s3


@pytest.fixture
async def url(store):
    async with client(store) as s3:
        await s3.put_object(Bucket=store.bucket, Key="range/a b", Body=BODY)
    return await signed(store, "get_object", Key="range/a b")


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("0-9", 0, 9),
        ("10-", 10, SIZE - 1),
        ("-500", SIZE - 500, SIZE - 1),
        (f"-{SIZE + 100}", 0, SIZE - 1),
        (f"1000-{SIZE + 100}", 1000, SIZE - 1),
        (f"{SIZE - 1}-{SIZE - 1}", SIZE - 1, SIZE - 1),
    ],
)
async def test_a_range_is_served(url, asked, first, last):
    answer = httpx.get(url, headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 206
    assert answer.content == BODY[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer.headers["etag"]


@pytest.mark.parametrize("asked", [f"{SIZE}-", f"{SIZE + 5}-{SIZE + 9}"])
async def test_a_range_after_the_end_is_refused(url, asked):
    answer = httpx.get(url, headers={"Range": f"bytes={asked}"})
    assert answer.status_code == 416


async def test_a_refused_range_names_the_size(services):
    async with client(services.s3) as s3:
        await s3.put_object(Bucket="ecg", Key="sized", Body=BODY)
        await s3.put_object(Bucket="ecg", Key="empty", Body=b"")
        for key, size, asked in (
            ("sized", SIZE, f"{SIZE}-"),
            ("sized", SIZE, "-0"),
            ("empty", 0, "0-"),
        ):
            address = await signed(services.s3, "get_object", Key=key)
            answer = httpx.get(address, headers={"Range": f"bytes={asked}"})
            assert answer.status_code == 416
            assert answer.headers["content-range"] == f"bytes */{size}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=-", "lines=1-2", "bytes=0-1,4-5", "bytes=x-"]
)
async def test_a_range_that_means_nothing_gets_the_whole(services, asked):
    async with client(services.s3) as s3:
        await s3.put_object(Bucket="ecg", Key="whole", Body=BODY)
    address = await signed(services.s3, "get_object", Key="whole")
    answer = httpx.get(address, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, BODY)


async def test_a_signed_range_keeps_its_signature(store):
    async with client(store) as s3:
        await s3.put_object(Bucket=store.bucket, Key="signed", Body=BODY)
        answer = await s3.get_object(Bucket=store.bucket, Key="signed", Range="bytes=-99999")
        assert await answer["Body"].read() == BODY


def test_byte_range_is_always_inside():
    for size in (0, 1, 7):
        for value in ("bytes=0-", "bytes=-1", "bytes=-9", "bytes=3-9", "bytes=0-0", "bytes=6-6"):
            found = byte_range(value, size)
            assert found is not None
            assert found[0] >= size or 0 <= found[0] <= found[1] < size


async def test_presigned_put_and_multipart(store):
    target = await signed(store, "put_object", Key="put/one", ContentType="video/mp4")
    answer = httpx.put(target, content=BODY, headers={"Content-Type": "video/mp4"})
    assert answer.status_code == 200
    assert answer.headers["etag"]
    async with client(store) as s3:
        made = await s3.create_multipart_upload(
            Bucket=store.bucket, Key="put/many", ContentDisposition='attachment; filename="x"'
        )
        at = {"Bucket": store.bucket, "Key": "put/many", "UploadId": made["UploadId"]}
        parts = []
        pieces = [os.urandom(5 << 20), b"end"]
        for number, piece in enumerate(pieces, 1):
            place = await s3.generate_presigned_url("upload_part", {**at, "PartNumber": number})
            sent = httpx.put(place, content=piece, timeout=60)
            parts.append({"PartNumber": number, "ETag": sent.headers["etag"]})
        await s3.complete_multipart_upload(**at, MultipartUpload={"Parts": parts})
        whole = await s3.get_object(Bucket=store.bucket, Key="put/many")
        assert await whole["Body"].read() == b"".join(pieces)
        assert whole["ContentDisposition"] == 'attachment; filename="x"'


async def test_a_forged_signature_is_refused(services):
    address = await signed(services.s3, "get_object", Key="whole")
    assert httpx.get(address[:-1] + ("0" if address[-1] != "0" else "1")).status_code == 403
    assert httpx.get(f"{services.s3.endpoint}/ecg/whole").status_code == 403


async def allow_pages(store):
    """As docs/operator-guide.md has operators do with a store of another make."""
    rule = {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["GET", "PUT", "HEAD"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag", "Content-Range", "Content-Length"],
    }
    async with client(store) as s3:
        await s3.put_bucket_cors(Bucket=store.bucket, CORSConfiguration={"CORSRules": [rule]})


async def test_a_page_of_another_origin_may_put_and_read_the_etag(store, services):
    if store != services.s3:
        await allow_pages(store)
    target = await signed(store, "put_object", Key="cors")
    preflight = httpx.options(
        target,
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code in {200, 204}
    assert preflight.headers["access-control-allow-origin"] in {"*", ORIGIN}
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    put = httpx.put(target, content=BODY, headers={"Origin": ORIGIN, "Content-Type": "video/mp4"})
    assert put.status_code == 200
    assert put.headers["access-control-allow-origin"] in {"*", ORIGIN}
    assert "etag" in put.headers["access-control-expose-headers"].lower()
    got = httpx.get(
        await signed(store, "get_object", Key="cors"),
        headers={"Origin": ORIGIN, "Range": "bytes=-10"},
    )
    assert (got.status_code, got.content) == (206, BODY[-10:])
    assert got.headers["access-control-allow-origin"] in {"*", ORIGIN}
    assert "content-range" in got.headers["access-control-expose-headers"].lower()


async def test_what_the_embedded_store_hands_to_pages_is_no_page(services):
    async with client(services.s3) as s3:
        await s3.put_object(Bucket="ecg", Key="page", Body=b"<script>", ContentType="text/html")
    address = await signed(services.s3, "get_object", Key="page")
    got = httpx.get(address, headers={"Origin": ORIGIN})
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in got.headers["content-security-policy"]
    assert "access-control-allow-credentials" not in got.headers


async def test_only_the_named_origins_may_call(short_folder):
    folder = short_folder / f"origins-{time.time_ns()}"
    async with open_stores(folder, origins=(ORIGIN,), durable=False) as stores:
        target = await signed(stores.s3, "put_object", Key="cors")
        asks = {"Access-Control-Request-Method": "PUT"}
        allowed = httpx.options(target, headers={"Origin": ORIGIN, **asks})
        assert allowed.headers["access-control-allow-origin"] == ORIGIN
        assert allowed.headers["vary"] == "Origin"
        refused = httpx.options(target, headers={"Origin": "http://evil.example", **asks})
        assert refused.status_code == 403
        put = httpx.put(target, content=b"x", headers={"Origin": "http://evil.example"})
        assert "access-control-allow-origin" not in put.headers


async def test_leftovers_of_a_kill_are_swept_at_start(short_folder):
    folder = short_folder / f"sweep-{time.time_ns()}"
    async with open_stores(folder, durable=False) as stores, client(stores.s3) as s3:
        await s3.put_object(Bucket="ecg", Key="renders/1", Body=b"kept")
        old = await s3.create_multipart_upload(Bucket="ecg", Key="old")
        new = await s3.create_multipart_upload(Bucket="ecg", Key="new")
    bucket = folder / "store" / "ecg"
    left = [bucket / "renders" / ".tmp.0123", bucket / ".nanio-meta" / "renders" / "1.json.tmp"]
    for path in left:
        path.write_bytes(b"half")
    uploads = folder / "store" / ".nanio" / "multipart"
    started = uploads / old["UploadId"] / "init.json"
    long_ago = time.time() - STALE_SECONDS - 100
    day = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(long_ago))
    text = started.read_text()
    at = text.index('"initiated": "') + len('"initiated": "')
    started.write_text(text[:at] + day + text[text.index('"', at) :])
    os.utime(started.parent, (long_ago, long_ago))
    with running_stores(folder, durable=False) as stores:
        assert not any(path.exists() for path in left)
        assert [path.name for path in uploads.iterdir()] == [new["UploadId"]]
        async with client(stores.s3) as s3:
            assert (
                await (await s3.get_object(Bucket="ecg", Key="renders/1"))["Body"].read() == b"kept"
            )
            with pytest.raises(ClientError, match="NoSuchUpload"):
                await s3.list_parts(Bucket="ecg", Key="old", UploadId=old["UploadId"])


async def test_a_signed_url_says_how_its_answer_is_to_be_saved(store):
    async with client(store) as s3:
        await s3.put_object(Bucket=store.bucket, Key="named", Body=BODY)
    told = {
        "ResponseContentType": "video/webm",
        "ResponseContentDisposition": 'attachment; filename="a b.webm"',
    }
    url = await signed(store, "get_object", Key="named", **told)
    for headers in ({}, {"Range": "bytes=0-9"}):
        answer = httpx.get(url, headers=headers)
        assert answer.headers.get_list("content-type") == [told["ResponseContentType"]]
        assert answer.headers["content-disposition"] == told["ResponseContentDisposition"]
    assert httpx.get(url.replace("video", "text")).status_code == 403
    unsigned = url.partition("?")[0] + "?response-content-type=text/html"
    assert "text/html" not in httpx.get(unsigned).headers.get("content-type", "")
