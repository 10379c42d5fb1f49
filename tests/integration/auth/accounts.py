"""An application with accounts alone, and how its tests speak to it."""

from __future__ import annotations

import httpx
from litestar import Router, get, post

from ecg.auth.app import api_part, authenticator
from ecg.auth.session import AuthDesk
from ecg.kernel.settings import Settings
from ecg.kernel.web import Part, create_app

KEY, OLD_KEY = "k" * 40, "o" * 40
PASSWORD = "correct horse"
ADA = {"email": "Ada@Example.org", "password": PASSWORD, "name": "Ada"}
SETTINGS = Settings(secret_key=f"{KEY},{OLD_KEY}", public_url="https://ecg.test")


@get("/x")
async def look() -> dict[str, str]:
    return {}


@post("/x", status_code=200)
async def change() -> dict[str, str]:
    return {}


def app_of(desk: AuthDesk):
    part = Part([Router("/api/v1", route_handlers=[look, change])])
    return create_app([api_part(desk), part], authenticate=authenticator(desk), role="api")


def client_of(desk: AuthDesk) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app_of(desk), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="https://ecg.test/api/v1")


async def sign_up(client: httpx.AsyncClient, **changed: str) -> dict:
    answer = await client.post("/auth/signup", json=ADA | changed)
    assert answer.status_code == 201, answer.text
    client.cookies.clear()
    return answer.json()


async def refreshed(client: httpx.AsyncClient, token: str) -> httpx.Response:
    answer = await client.post("/auth/refresh", json={"refresh_token": token})
    client.cookies.clear()
    return answer


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refused(answer: httpx.Response, status: int, path: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    if path:
        assert path in [each["path"] for each in answer.json()["errors"]], answer.text
