"""``/webhooks``: a user's own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta
from sqlalchemy.ext.asyncio import AsyncSession

from ecg.hooks import address, service
from ecg.hooks.models import Webhook
from ecg.hooks.service import Event
from ecg.kernel.database import Database
from ecg.kernel.errors import FieldError, RequestInvalid
from ecg.kernel.identity import Principal, is_id
from ecg.kernel.web import Caller


class HooksDesk(msgspec.Struct, frozen=True):
    """``require_live`` raises ``Unauthorized`` where the caller's session has ended, as a webhook
    outlasts it. ``allow_private``: whether http and private addresses are taken; in development
    only."""

    database: Database
    require_live: Callable[[AsyncSession, Principal], Awaitable[None]]
    allow_private: bool = False


class NewWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[str, Meta(min_length=1, max_length=2000, examples=["https://example.com/hook"])]
    events: Annotated[
        list[Event], Meta(min_length=1, max_length=4, examples=[["render.succeeded"]])
    ]


class WebhookView(msgspec.Struct, frozen=True):
    id: str
    url: str
    events: list[str]
    created_at: datetime


class WebhookCreated(msgspec.Struct, frozen=True):
    """``secret`` is shown here and never again."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    secret: str


class Webhooks(msgspec.Struct, frozen=True):
    items: list[WebhookView]
    next_cursor: None = None


class DeliveryView(msgspec.Struct, frozen=True):
    """``next_at``: when it is tried next, while it is pending."""

    id: str
    event: str
    state: str
    attempts: int
    next_at: datetime | None
    last_status: int | None
    last_error: str | None
    created_at: datetime


class Deliveries(msgspec.Struct, frozen=True):
    items: list[DeliveryView]
    next_cursor: str | None


@post("/webhooks", status_code=201)
async def create_webhook(
    request: Caller, desk: NamedDependency[HooksDesk], data: JSONBody[NewWebhook]
) -> WebhookCreated:
    """Adds a webhook: signed by the Standard Webhooks scheme with the secret shown once here."""
    place = address.parsed(data.url, allow_private=desk.allow_private)
    await address.resolved(place, allow_private=desk.allow_private)
    async with desk.database.transaction() as session:
        await desk.require_live(session, request.user)
        made = await service.create(session, request.user.user_id, data.url, data.events)
    return WebhookCreated(made.id, made.url, made.events, made.created_at, made.secret)


@get("/webhooks")
async def list_webhooks(request: Caller, desk: NamedDependency[HooksDesk]) -> Webhooks:
    """My webhooks, newest first; an account has at most ten."""
    async with desk.database.transaction() as session:
        found = await service.listed(session, request.user.user_id)
    return Webhooks([_view(webhook) for webhook in found])


@delete("/webhooks/{webhook_id:uuid}")
async def delete_webhook(
    request: Caller, desk: NamedDependency[HooksDesk], webhook_id: FromPath[UUID]
) -> None:
    """Removes a webhook; what was not yet delivered to it is dropped."""
    async with desk.database.transaction() as session:
        await service.remove(session, request.user.user_id, str(webhook_id))


@get("/webhooks/{webhook_id:uuid}/deliveries")
async def list_deliveries(
    request: Caller,
    desk: NamedDependency[HooksDesk],
    webhook_id: FromPath[UUID],
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Deliveries:
    """What was sent to a webhook in the last 30 days, newest first."""
    if cursor is not None and not is_id(cursor):
        fault = FieldError("cursor", "is not one that a list gave as next_cursor")
        raise RequestInvalid(f"{fault.path}: {fault.message}; leave it out to begin", (fault,))
    async with desk.database.transaction() as session:
        found = await service.deliveries(
            session, request.user.user_id, str(webhook_id), cursor, limit + 1
        )
    items = [
        DeliveryView(
            each.id, each.event, each.state, each.attempts,
            each.next_at if each.state == "pending" else None,
            each.last_status, each.last_error, each.created_at,
        )
        for each in found[:limit]
    ]  # fmt: skip
    return Deliveries(items, items[-1].id if len(found) > limit else None)


def routes(desk: HooksDesk) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[create_webhook, list_webhooks, delete_webhook, list_deliveries],
        dependencies={"desk": Provide(lambda: desk, sync_to_thread=False)},
    )


def _view(webhook: Webhook) -> WebhookView:
    return WebhookView(webhook.id, webhook.url, webhook.events, webhook.created_at)
