"""The object store, by its S3 interface: URLs signed for others, and the few things that the api
does with objects itself."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

import aioboto3
import aiohttp
import msgspec
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from prometheus_client import Counter, Histogram

from ecg.kernel.errors import NotFound, Unavailable
from ecg.kernel.settings import S3Settings
from ecg.kernel.telemetry import Faults

HITS = Counter("ecg_presign_cache_hits_total", "Signed URLs that were handed out again")
MISSES = Counter("ecg_presign_cache_misses_total", "URLs that were signed anew")
TIMES = Histogram("ecg_store_seconds", "Calls to the object store", ["call"])

URL_SECONDS = 3600
"""How long a signed URL holds."""

MARGIN_SECONDS = 600
"""A cached URL is signed anew so long before it ends, so that whoever gets it has that long."""

CACHED = 4096
_MISSING = {"404", "NoSuchKey", "NoSuchUpload", "NotFound"}


def saved_as(filename: str) -> str:
    """The Content-Disposition of a file to save as ``filename`` (RFC 6266): its own letters for
    those who can, an underscore for each that is not plain for the others."""
    plain = re.sub(r"[^A-Za-z0-9 ._()-]", "_", filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


class Head(msgspec.Struct, frozen=True):
    size: int
    content_type: str


class PartDone(msgspec.Struct, frozen=True):
    """A part that the store holds."""

    number: int
    size: int
    etag: str


class Store:
    """One bucket. ``public`` URLs are signed for the address that browsers use, the others for
    the one that the roles use: the host is part of a signature. Where it does not answer,
    ``faults`` says so once."""

    def __init__(self, settings: S3Settings, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()
        self.bucket = settings.bucket
        self._settings = settings
        self._stack = AsyncExitStack()
        self._inside: Any = None
        self._outside: Any = None
        self._credentials: Any = None
        self._signed: OrderedDict[tuple[Any, ...], tuple[str, float]] = OrderedDict()

    async def open(self) -> None:
        settings = self._settings
        session: Any = aioboto3.Session(
            aws_access_key_id=settings.access_key or None,
            aws_secret_access_key=settings.secret_key or None,
            region_name=settings.region,
        )
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if settings.endpoint else "auto"},
            connect_timeout=3,
            read_timeout=30,
            retries={"max_attempts": 3, "mode": "standard"},
            max_pool_connections=32,
            # the newer default adds checksums that other makes of store refuse
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )

        async def client(endpoint: str) -> Any:
            made = session.client("s3", endpoint_url=endpoint or None, config=config)
            return await self._stack.enter_async_context(made)

        self._inside = await client(settings.endpoint)
        self._credentials = await session.get_credentials()
        outside = settings.public_endpoint
        self._outside = await client(outside) if outside else self._inside

    async def close(self) -> None:
        await self._stack.aclose()

    async def presign_get(
        self, key: str, *, public: bool, filename: str = "", media_type: str = ""
    ) -> str:
        """A URL to read ``key``, from the cache where that one still holds for long enough. With
        a ``filename`` a browser saves it under that, as what ``media_type`` says."""
        wanted = ("get_object", key, public, filename, media_type)
        now = time.monotonic()
        url, until = self._signed.get(wanted, ("", 0.0))
        if now < until:
            HITS.inc()
            self._signed.move_to_end(wanted)
            return url
        MISSES.inc()
        told = {"ResponseContentType": media_type} if media_type else {}
        if filename:
            told["ResponseContentDisposition"] = saved_as(filename)
        url = await self._sign("get_object", public=public, Key=key, **told)
        self._signed[wanted] = (url, now + self._holds() - MARGIN_SECONDS)
        while len(self._signed) > CACHED:
            self._signed.popitem(last=False)
        return url

    def _holds(self) -> float:
        """Seconds that a URL signed now holds: the platform's own credentials take what they
        signed with them when they end."""
        ends: datetime | None = getattr(self._credentials, "_expiry_time", None)
        left = (ends - datetime.now(UTC)).total_seconds() if ends else URL_SECONDS
        return min(left, URL_SECONDS)

    async def presign_put(self, key: str, *, public: bool, **pinned: str | int) -> str:
        """A URL to write ``key`` once. ``pinned`` (``ContentLength``, ``ContentType``) become
        headers that are part of the signature, so the writer must send just these."""
        return await self._sign("put_object", public=public, Key=key, **pinned)

    async def presign_part(self, key: str, upload_id: str, number: int, size: int) -> str:
        """A public URL to write one part of exactly ``size`` bytes."""
        return await self._sign(
            "upload_part",
            public=True,
            Key=key,
            UploadId=upload_id,
            PartNumber=number,
            ContentLength=size,
        )

    async def begin_parts(self, key: str, content_type: str) -> str:
        """The id of a new multipart upload."""
        made = await self._call("create_multipart_upload", Key=key, ContentType=content_type)
        return str(made["UploadId"])

    async def parts(self, key: str, upload_id: str) -> list[PartDone]:
        """The parts that are there. Raises ``NotFound`` for an upload that is over."""
        found: list[PartDone] = []
        marker = 0
        while True:
            page = await self._call(
                "list_parts", Key=key, UploadId=upload_id, PartNumberMarker=marker
            )
            found += [
                PartDone(int(part["PartNumber"]), int(part["Size"]), str(part["ETag"]))
                for part in page.get("Parts", [])
            ]
            if not page.get("IsTruncated"):
                return found
            marker = int(page["NextPartNumberMarker"])

    async def end_parts(self, key: str, upload_id: str, parts: Sequence[tuple[int, str]]) -> None:
        """Joins the parts. Raises ``NotFound`` for an upload that is over, ``ClientError`` as the
        store has it for parts that are not what it holds."""
        listed = [{"PartNumber": number, "ETag": etag} for number, etag in parts]
        await self._call(
            "complete_multipart_upload",
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
        )

    async def abort_parts(self, key: str, upload_id: str) -> None:
        """Drops an upload with its parts; one that is over is left as it is."""
        try:
            await self._call("abort_multipart_upload", Key=key, UploadId=upload_id)
        except NotFound:
            return

    async def head(self, key: str) -> Head:
        """Raises ``NotFound``."""
        found = await self._call("head_object", Key=key)
        return Head(int(found["ContentLength"]), str(found.get("ContentType", "")))

    async def read(self, key: str, limit: int) -> bytes:
        """The first ``limit`` bytes. Raises ``NotFound``."""
        async with self._opened(key) as chunks:
            data = bytearray()
            async for chunk in chunks:
                data += chunk
                if len(data) >= limit:
                    break
            return bytes(data[:limit])

    async def stream(self, key: str) -> AsyncGenerator[bytes]:
        """The whole object, a megabyte at a time. Raises ``NotFound``."""
        async with self._opened(key) as chunks:
            async for chunk in chunks:
                yield chunk

    async def copy(self, key: str, target: str) -> None:
        """Copies an object of up to 5 GiB within the store. Raises ``NotFound``."""
        source = {"Bucket": self.bucket, "Key": key}
        await self._call("copy_object", Key=target, CopySource=source)

    async def delete(self, keys: Sequence[str]) -> None:
        """Removes objects; one that is not there is no error."""
        for key in keys:
            await self._call("delete_object", Key=key)

    async def delete_under(self, prefix: str) -> None:
        """Removes every object whose key begins with ``prefix``, and every upload in parts."""
        begun = await self._call("list_multipart_uploads", Prefix=prefix)
        for each in begun.get("Uploads", []):
            if str(each["Key"]).startswith(prefix):  # not every make of store heeds the prefix
                await self.abort_parts(str(each["Key"]), str(each["UploadId"]))
        while True:
            page = await self._call("list_objects_v2", Prefix=prefix)
            keys = [str(item["Key"]) for item in page.get("Contents", [])]
            await self.delete(keys)
            if not page.get("IsTruncated") or not keys:
                return

    async def names_under(self, prefix: str) -> set[str]:
        """Keys that begin with ``prefix``."""
        found: set[str] = set()
        more: dict[str, str] = {}
        while True:
            page = await self._call("list_objects_v2", Prefix=prefix, **more)
            found.update(str(item["Key"]) for item in page.get("Contents", []))
            if not page.get("IsTruncated"):
                return found
            more = {"ContinuationToken": str(page["NextContinuationToken"])}

    async def ping(self) -> None:
        """Raises ``Unavailable`` where the store or the bucket does not answer."""
        try:
            await self._call("head_bucket")
        except NotFound:
            raise Unavailable(f'the store has no bucket "{self.bucket}"') from None

    @asynccontextmanager
    async def _opened(self, key: str) -> AsyncGenerator[Any]:
        found = await self._call("get_object", Key=key)
        body = found["Body"]
        with self._faults.watched("the object store"):
            try:
                async with body:
                    yield body.iter_chunks(1 << 20)
            except (aiohttp.ClientError, BotoCoreError, OSError, TimeoutError) as error:
                raise Unavailable("the object store broke off; try again shortly") from error

    async def _sign(
        self,
        call: Literal["get_object", "put_object", "upload_part"],
        *,
        public: bool,
        **parameters: Any,
    ) -> str:
        client = self._outside if public else self._inside
        return await client.generate_presigned_url(
            call, Params={"Bucket": self.bucket, **parameters}, ExpiresIn=URL_SECONDS
        )

    async def _call(self, call: str, **parameters: Any) -> Any:
        started = time.monotonic()
        try:
            with self._faults.watched("the object store"):
                return await self._answer(call, parameters)
        finally:
            TIMES.labels(call).observe(time.monotonic() - started)

    async def _answer(self, call: str, parameters: dict[str, Any]) -> Any:
        try:
            return await getattr(self._inside, call)(Bucket=self.bucket, **parameters)
        except ClientError as error:
            raise _told(error, parameters) from error
        except (BotoCoreError, OSError, TimeoutError) as error:
            raise Unavailable("the object store does not answer just now") from error


def _told(error: ClientError, parameters: dict[str, Any]) -> Exception:
    answer: Any = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING or status == 404:
        return NotFound(f"the store has no {parameters.get('Key', 'such thing')}")
    if status >= 500 or status == 0:
        return Unavailable("the object store does not answer just now")
    if status in {401, 403}:
        return Unavailable("the object store refuses ECG's own credentials")
    return error
