"""What balancers and Prometheus ask of every process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import MediaType, Response, get
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from ecg.kernel.errors import EcgError


def operations(
    role: str, checks: Mapping[str, Callable[[], Awaitable[None]]]
) -> list[ControllerRouterHandler]:
    """``/health/live``, ``/health/ready`` and ``/metrics``: open, for balancers and Prometheus."""

    @get("/health/live", media_type=MediaType.JSON, public=True, include_in_schema=False)
    async def live() -> dict[str, str]:
        return {"status": "ok", "role": role}

    @get("/health/ready", media_type=MediaType.JSON, public=True, include_in_schema=False)
    async def ready() -> Response[dict[str, Any]]:
        answers = dict(
            zip(checks, await asyncio.gather(*map(_asked, checks.values())), strict=True)
        )
        ok = all(answer == "ok" for answer in answers.values())
        return Response(
            {"status": "ok" if ok else "unavailable", "role": role, "checks": answers},
            status_code=200 if ok else 503,
        )

    @get("/metrics", public=True, include_in_schema=False)
    async def metrics() -> Response[bytes]:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [live, ready, metrics]


async def _asked(check: Callable[[], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(3):
            await check()
    except TimeoutError:
        return "does not answer within 3 s"
    except Exception as error:  # noqa: BLE001 - whatever a store's client raises is the answer
        return error.message if isinstance(error, EcgError) else type(error).__name__
    return "ok"
