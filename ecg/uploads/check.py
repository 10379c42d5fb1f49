"""What ``complete`` verifies of an object before anything else touches it."""

from __future__ import annotations

import hashlib
from typing import Any, cast

import filetype
from botocore.exceptions import ClientError

from ecg.kernel.errors import InputRefused, MediaRefused, NotFound
from ecg.kernel.identity import new_id
from ecg.kernel.storage import Store
from ecg.uploads.models import Upload, Video

CONTAINERS = {
    "video/mp4": "MP4",
    "video/x-m4v": "M4V",
    "video/quicktime": "MOV",
    "video/webm": "WebM",
    "video/x-matroska": "Matroska",
    "video/x-msvideo": "AVI",
    "video/mpeg": "MPEG",
    "video/3gpp": "3GP",
}
_SIGNATURE = 8192


async def join_parts(
    store: Store, upload: Upload, key: str, given: list[tuple[int, str]] | None
) -> None:
    """Joins a multipart upload; one that was joined before is left as it is.

    Raises ``InputRefused`` where parts are missing or are not what the store holds.
    """
    if upload.upload_id is None:
        return
    try:
        there = await store.parts(key, upload.upload_id)
        numbers = {part.number for part in there}
        missing = [number for number in range(1, upload.parts + 1) if number not in numbers]
        if missing:
            raise InputRefused(
                f"{len(missing)} of {upload.parts} parts are not there yet, part {missing[0]} "
                "the first of them; send them and complete again"
            )
        parts = sorted(given) if given else [(part.number, part.etag) for part in there]
        if [number for number, _ in parts] != list(range(1, upload.parts + 1)):
            raise InputRefused(
                f"list each of the parts 1 to {upload.parts} once, or none: then those that the "
                "store holds are taken"
            )
        await store.end_parts(key, upload.upload_id, parts)
    except NotFound:
        return  # joined before; whether the object is there is asked next
    except ClientError as error:
        answer: dict[str, Any] = cast(Any, error).response
        code = answer.get("Error", {}).get("Code", "error")
        raise InputRefused(f"the store refuses these parts ({code}); send them again") from None


async def settle(store: Store, upload: Upload, video: Video) -> str:
    """Copies what was sent in one piece to a key that nobody can write, and returns that: the
    URL it was sent to still holds for a while. Parts that were joined are such already."""
    if upload.upload_id is not None:
        return video.key
    key = f"uploads/{video.id}/{new_id()}"
    try:
        await store.copy(incoming(upload, video), key)
    except NotFound:
        raise InputRefused(
            "the file is not there yet; send it to the URL and complete again"
        ) from None
    return key


def incoming(upload: Upload, video: Video) -> str:
    """The key that the client writes."""
    return video.key if upload.upload_id is not None else f"uploads/{video.id}/incoming"


async def check_object(store: Store, upload: Upload, key: str) -> None:
    """Raises ``InputRefused`` (not there yet, another size or digest) or ``MediaRefused`` (no
    video container)."""
    try:
        head = await store.head(key)
    except NotFound:
        raise InputRefused(
            "the file is not there yet; send it to the URL and complete again"
        ) from None
    if head.size != upload.size:
        raise MediaRefused(f"the file has {head.size} bytes, {upload.size} were announced")
    if upload.sha256 is not None:
        digest = hashlib.sha256()
        async for chunk in store.stream(key):
            digest.update(chunk)
        if digest.hexdigest() != upload.sha256:
            raise MediaRefused(
                f"the file's SHA-256 is {digest.hexdigest()}, {upload.sha256} was announced"
            )
    mime = cast("str | None", filetype.guess_mime(await store.read(key, _SIGNATURE)))  # pyright: ignore[reportUnknownMemberType] - untyped
    if mime not in CONTAINERS:
        what = mime or "no known kind of file"
        raise MediaRefused(
            f"this is {what}, not a video; allowed are {', '.join(CONTAINERS.values())}"
        )
