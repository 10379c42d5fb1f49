"""``GET /usage`` for everyone; what an admin may see and run again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.kernel.database import Database, utc_now
from ecg.kernel.errors import FieldError, Forbidden, RequestInvalid
from ecg.kernel.identity import Principal, is_id
from ecg.kernel.settings import LimitSettings
from ecg.kernel.web import Caller
from ecg.usage import admin, service
from ecg.usage.admin import Account, Job, JobKind, JobState
from ecg.usage.daily import Daily, daily
from ecg.usage.service import Usage

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Days = Annotated[int, QueryParameter(ge=1, le=90)]


class UsageDesk(msgspec.Struct, frozen=True):
    """``retry`` sets a failed job to pending again: ``NotFound``, ``Conflict``."""

    database: Database
    limits: LimitSettings
    retry: Callable[[AsyncSession, str], Awaitable[None]]
    clock: Callable[[], datetime] = utc_now


class Accounts(msgspec.Struct, frozen=True):
    items: list[Account]
    next_cursor: str | None


class Dailies(msgspec.Struct, frozen=True):
    items: list[Daily]


class Retried(msgspec.Struct, frozen=True):
    id: str
    state: Literal["pending"] = "pending"


class Jobs(msgspec.Struct, frozen=True):
    items: list[Job]
    next_cursor: str | None


@get("/usage")
async def read_usage(request: Caller, desk: NamedDependency[UsageDesk]) -> Usage:
    """What I have used and have left: today, this month, at once (UTC)."""
    async with desk.database.transaction() as session:
        return await service.usage_of(session, request.user.user_id, desk.limits, desk.clock())


@get("/admin/usage")
async def list_accounts(
    request: Caller,
    desk: NamedDependency[UsageDesk],
    cursor: FromQuery[str | None] = None,
    limit: Limit = 20,
) -> Accounts:
    """Every account's usage, success rate and mean processing time this month. Admins only."""
    _require_admin(request.user)
    async with desk.database.transaction() as session:
        items = await admin.accounts(
            session, desk.limits, _checked(cursor), limit + 1, desk.clock()
        )
    return Accounts(items[:limit], items[limit - 1].id if len(items) > limit else None)


@get("/admin/usage/days")
async def list_days(request: Caller, desk: NamedDependency[UsageDesk], days: Days = 30) -> Dailies:
    """What all accounts did on each of the last days (UTC), oldest first. Admins only."""
    _require_admin(request.user)
    async with desk.database.transaction() as session:
        return Dailies(await daily(session, days, desk.clock()))


@get("/admin/jobs")
async def list_jobs(  # noqa: PLR0913 - each is a parameter of the query
    request: Caller,
    desk: NamedDependency[UsageDesk],
    *,
    kind: FromQuery[JobKind | None] = None,
    job_state: Annotated[JobState | None, QueryParameter(name="state")] = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = 20,
) -> Jobs:
    """All analyses and renders, newest first, by kind and state. Admins only."""
    _require_admin(request.user)
    async with desk.database.transaction() as session:
        items = await admin.jobs(session, kind, job_state, _checked(cursor), limit + 1)
    return Jobs(items[:limit], items[limit - 1].id if len(items) > limit else None)


@post("/admin/jobs/{job_id:uuid}/retry", status_code=202)
async def retry_job(
    request: Caller, desk: NamedDependency[UsageDesk], job_id: FromPath[UUID]
) -> Retried:
    """Runs a failed job once more. Admins only."""
    _require_admin(request.user)
    async with desk.database.transaction() as session:
        await desk.retry(session, str(job_id))
        await service.reopen(session, str(job_id))
    return Retried(str(job_id))


def routes(desk: UsageDesk) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[read_usage, list_accounts, list_days, list_jobs, retry_job],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )


def _require_admin(principal: Principal) -> None:
    if principal.role != "admin" or principal.scopes is not None:
        raise Forbidden("only a signed-in admin may do this; an API key may not")


def _checked(cursor: str | None) -> str | None:
    if cursor is not None and not is_id(cursor):
        fault = FieldError("cursor", "is not one that a list gave as next_cursor")
        raise RequestInvalid(f"{fault.path}: {fault.message}; leave it out to begin", (fault,))
    return cursor
