"""Sign-in by Google against a real OpenID provider on loopback, the whole code flow."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from sqlalchemy import text

from ecg.auth import google, keys, passwords, service, tokens
from ecg.auth.app import api_part, auth_desk, authenticator, refuse_ended
from ecg.auth.session import AuthDesk
from ecg.hooks import service as webhooks
from ecg.hooks.models import Webhook
from ecg.kernel.database import Database
from ecg.kernel.errors import Unauthorized
from ecg.kernel.identity import new_id
from ecg.kernel.settings import GoogleSettings, Settings
from ecg.kernel.web import create_app

KEY = "k" * 40
PUBLIC = "https://ecg.test"
START, CALLBACK = "/api/v1/auth/google/start", "/api/v1/auth/google/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "-n", "true"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                httpx.get(url).raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def settings_for(url: str) -> Settings:
    discovery = f"{url}/.well-known/openid-configuration"
    given = GoogleSettings(client_id="ecg", client_secret="s", discovery_url=discovery)
    return Settings(secret_key=KEY, public_url=PUBLIC, google=given)


def client_of(desk: AuthDesk) -> httpx.AsyncClient:
    app = create_app([api_part(desk)], authenticate=authenticator(desk), role="api")
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=PUBLIC
    )


@pytest.fixture
def desk(provider: str, database: Database) -> AuthDesk:
    return auth_desk(settings_for(provider), database, webhooks.remove_all)


@pytest.fixture
async def client(desk: AuthDesk) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(desk) as made:
        yield made


@pytest.fixture
def sub() -> str:
    return new_id()


async def know(provider: str, sub: str, **claims: object) -> None:
    async with httpx.AsyncClient(base_url=provider) as browser:
        (await browser.put(f"/users/{sub}", json=claims)).raise_for_status()


async def allowed(way: str, sub: str) -> str:
    """What the provider adds to the callback once the person has said yes."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.post(way, data={"sub": sub})
    assert answer.status_code == 302, answer.text
    assert answer.headers["location"].startswith(PUBLIC + CALLBACK)
    return urlsplit(answer.headers["location"]).query


async def set_out(client: httpx.AsyncClient) -> str:
    answer = await client.get(START)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def sign_in(client: httpx.AsyncClient, sub: str) -> httpx.Response:
    query = await allowed(await set_out(client), sub)
    return await client.get(f"{CALLBACK}?{query}")


async def count(database: Database, table: str = "users") -> int:
    async with database.transaction() as session:
        return await session.scalar(text(f"SELECT count(*) FROM {table}"))


def refused(answer: httpx.Response, status: int, path: str = "") -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "ecg_access" not in answer.headers.get("set-cookie", "")
    if path:
        assert [each["path"] for each in answer.json()["errors"]] == [path]


async def test_the_whole_flow_makes_an_account_and_finds_it_again(
    client: httpx.AsyncClient, provider: str, database: Database, sub: str
) -> None:
    await know(provider, sub, email="Ada@Example.org", email_verified=True, name="Ada")
    assert (await client.get("/api/v1/auth/ways")).json() == {"google": True}
    way = await set_out(client)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(way).query).items()}
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == PUBLIC + CALLBACK
    assert {"state", "nonce", "code_challenge"} <= asked.keys()
    answer = await client.get(f"{CALLBACK}?{await allowed(way, sub)}")
    assert (answer.status_code, answer.headers["location"]) == (302, "/")
    me = (await client.get("/api/v1/auth/me")).json()
    assert (me["email"], me["name"], me["role"]) == ("ada@example.org", "Ada", "user")
    assert (await client.post("/api/v1/auth/refresh")).status_code == 200
    client.cookies.clear()
    assert (await sign_in(client, sub)).status_code == 302
    assert (await client.get("/api/v1/auth/me")).json() == me
    assert await count(database) == 1


async def test_the_cookie_on_the_way_is_short_lived_signed_and_lax(client) -> None:
    answer = await client.get(START)
    header = answer.headers["set-cookie"].lower()
    parts = set(header.split("; "))
    assert {"httponly", "samesite=lax", "secure", "path=/api/v1/auth/google"} <= parts
    claims = jwt.decode(client.cookies["ecg_google"], KEY, ["HS256"], audience="ecg-google")
    assert claims["exp"] - claims["iat"] == 600
    refused(
        await client.get(
            "/api/v1/auth/me",
            headers={"Authorization": f"Bearer {client.cookies['ecg_google']}"},
        ),
        401,
    )


async def test_another_process_may_finish(client, provider, database, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    query = await allowed(await set_out(client), sub)
    async with client_of(auth_desk(settings_for(provider), database)) as other:
        other.cookies.update(client.cookies)
        assert (await other.get(f"{CALLBACK}?{query}")).status_code == 302


async def test_a_state_that_is_not_this_browsers(client, provider, database, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    query = parse_qs(await allowed(await set_out(client), sub))
    code, state = query["code"][0], query["state"][0]
    for wrong in ("", "x", "é", state[:-1]):
        answer = await client.get(CALLBACK, params={"code": code, "state": wrong})
        refused(answer, 422, "state")
    cookie = client.cookies["ecg_google"]
    for broken in ("", "x", cookie[:-4], tokens.sign(["z" * 40], "ecg-google", {}, 60)):
        client.cookies.clear()
        client.cookies.set("ecg_google", broken)
        refused(await client.get(CALLBACK, params={"code": code, "state": state}), 422, "state")
    assert await count(database) == 0


async def test_an_old_cookie(client, provider, monkeypatch, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    monkeypatch.setattr(google, "WAY_SECONDS", 0)
    refused(await sign_in(client, sub), 422, "state")


async def test_a_nonce_of_another_sign_in(client, provider, database, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    way = await set_out(client)
    nonce = parse_qs(urlsplit(way).query)["nonce"][0]
    query = await allowed(way.replace(nonce, "another"), sub)
    answer = await client.get(f"{CALLBACK}?{query}")
    refused(answer, 401)
    assert "nonce" in answer.json()["detail"]
    assert await count(database) == 0


async def test_a_code_that_was_used_and_one_that_never_was(client, provider, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    way = await set_out(client)
    cookie = client.cookies["ecg_google"]
    query = await allowed(way, sub)
    assert (await client.get(f"{CALLBACK}?{query}")).status_code == 302
    client.cookies.clear()
    client.cookies.set("ecg_google", cookie)
    refused(await client.get(f"{CALLBACK}?{query}"), 401)
    state = parse_qs(query)["state"][0]
    refused(await client.get(CALLBACK, params={"code": "x", "state": state}), 401)


async def test_the_person_says_no(client) -> None:
    way = await set_out(client)
    state = parse_qs(urlsplit(way).query)["state"][0]
    answer = await client.get(CALLBACK, params={"error": "access_denied", "state": state})
    refused(answer, 422, "code")


@pytest.mark.parametrize(
    ("query", "path"),
    [(f"code={'x' * 2049}&state=y", "code"), (f"code=x&state={'y' * 257}", "state")],
)
async def test_bad_queries(client, query, path) -> None:
    refused(await client.get(f"{CALLBACK}?{query}"), 422, path)


async def test_a_verified_address_joins_its_account_and_locks_out_whoever_made_it(
    client, desk, provider, database, sub, monkeypatch
) -> None:
    monkeypatch.setattr(passwords, "COST", 4)
    credentials = {"email": "ada@example.org", "password": "correct horse"}
    made = (await client.post("/api/v1/auth/signup", json=credentials)).json()
    old_access = {"Authorization": f"Bearer {made['access_token']}"}
    body = {"name": "k", "scopes": ["read"]}
    key = (await client.post("/api/v1/auth/keys", json=body, headers=old_access)).json()["key"]
    async with database.transaction() as session:
        hook = await webhooks.create(session, made["user"]["id"], "https://a.test", ["x"])
    client.cookies.clear()
    await know(provider, sub, email="ADA@example.org", email_verified=True)
    assert (await sign_in(client, sub)).status_code == 302
    assert (await client.get("/api/v1/auth/me")).json() == made["user"]
    access = {"Authorization": f"Bearer {client.cookies['ecg_access']}"}
    client.cookies.clear()
    refused(await client.post("/api/v1/auth/keys", json=body, headers=old_access), 401)
    async with database.transaction() as session:
        assert await session.get(Webhook, hook.id) is None
    await refuse_ended(desk)
    refused(await client.get("/api/v1/auth/me", headers=old_access), 401)
    assert (await client.get("/api/v1/auth/me", headers=access)).json() == made["user"]
    assert (await client.post("/api/v1/auth/keys", json=body, headers=access)).status_code == 201
    refused(await client.post("/api/v1/auth/login", json=credentials), 401)
    old = {"refresh_token": made["refresh_token"]}
    refused(await client.post("/api/v1/auth/refresh", json=old), 401)
    header = {"Authorization": f"Bearer {key}"}
    refused(await client.get("/api/v1/auth/me", headers=header), 401)


async def test_what_is_under_way_when_an_address_is_joined_comes_to_nothing(
    client, desk, provider, database, sub, monkeypatch
) -> None:
    monkeypatch.setattr(passwords, "COST", 4)
    credentials = {"email": "ada@example.org", "password": "correct horse"}
    made = (await client.post("/api/v1/auth/signup", json=credentials)).json()
    body = {"name": "k", "scopes": ["read", "write"]}
    header = {"Authorization": f"Bearer {made['access_token']}"}
    key = (await client.post("/api/v1/auth/keys", json=body, headers=header)).json()["key"]
    async with database.transaction() as session:
        came = [desk.tokens.read(made["access_token"]), await keys.principal(session, key)]
        account, stored = await service.credentials(session, "ada@example.org")
        for principal in came:
            await service.require_live(session, principal)
        assert await service.holds(session, account, stored)
    client.cookies.clear()
    await know(provider, sub, email="ada@example.org", email_verified=True)
    assert (await sign_in(client, sub)).status_code == 302
    async with database.transaction() as session:
        for principal in came:
            with pytest.raises(Unauthorized):
                await service.require_live(session, principal)
        assert not await service.holds(session, account, stored)


@pytest.mark.parametrize("claims", [{}, {"email_verified": False}])
async def test_an_unverified_address_joins_nothing(
    client, provider, database, sub, claims, monkeypatch
) -> None:
    monkeypatch.setattr(passwords, "COST", 4)
    await know(provider, sub, email="ada@example.org", **claims)
    refused(await sign_in(client, sub), 403)
    assert await count(database) == 0
    credentials = {"email": "ada@example.org", "password": "correct horse"}
    assert (await client.post("/api/v1/auth/signup", json=credentials)).status_code == 201
    client.cookies.clear()
    refused(await sign_in(client, sub), 403)
    assert (await client.post("/api/v1/auth/login", json=credentials)).status_code == 200


async def test_an_address_of_another_google_identity(client, provider, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    assert (await sign_in(client, sub)).status_code == 302
    other = new_id()
    await know(provider, other, email="ada@example.org", email_verified=True)
    client.cookies.clear()
    refused(await sign_in(client, other), 409)


@pytest.mark.parametrize("email", [5, "no", ""])
async def test_an_identity_without_a_usable_address(client, provider, database, sub, email) -> None:
    await know(provider, sub, email=email, email_verified=True)
    answer = await sign_in(client, sub)
    assert answer.status_code in {401, 422}
    refused(answer, answer.status_code)
    assert await count(database) == 0


async def test_two_at_once_make_one_account(client, provider, database, sub) -> None:
    await know(provider, sub, email="ada@example.org", email_verified=True)
    async with client_of(auth_desk(settings_for(provider), database)) as other:
        answers = await asyncio.gather(sign_in(client, sub), sign_in(other, sub))
    assert {each.status_code for each in answers} <= {302, 409}
    assert 302 in {each.status_code for each in answers}
    assert await count(database) == 1


async def test_a_provider_that_is_silent(database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    async with client_of(auth_desk(settings_for(f"http://127.0.0.1:{port}"), database)) as client:
        refused(await client.get(START), 503)


async def identity_of(provider: str, **changed: object) -> google.Identity:
    """A token of a key that the provider publishes, checked as the callback does."""
    sign = google.GoogleSignIn(settings_for(provider).google, PUBLIC + CALLBACK, [KEY])
    now = int(time.time())
    claims = {"iss": provider, "aud": "ecg", "sub": "s", "iat": now, "exp": now + 60, **changed}
    claims = {name: value for name, value in claims.items() if value is not None}
    published = jwt.PyJWK.from_dict(OWN)
    token = jwt.encode(claims, published.key, algorithm="RS256", headers={"kid": "own"})
    public = {name: OWN[name] for name in ("kty", "kid", "alg", "n", "e")}
    return msgspec.convert(sign._verified(token, {"keys": [public]}, provider), google.Identity)


def own_key() -> dict[str, str]:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return {**RSAAlgorithm.to_jwk(made, as_dict=True), "kid": "own", "alg": "RS256"}


OWN = own_key()


async def test_an_identity_token_must_be_of_this_provider_for_us_and_now() -> None:
    assert (await identity_of("https://a.test")).sub == "s"
    for changed in (
        {"iss": "https://b.test"}, {"aud": "other"}, {"exp": int(time.time()) - 60}, {"sub": None},
        {"exp": None}, {"aud": None}, {"nbf": int(time.time()) + 600},
    ):  # fmt: skip
        with pytest.raises(google.Unauthorized):
            await identity_of("https://a.test", **changed)


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": "x"}, {"keys": [{}]}])
def test_an_identity_token_without_a_known_key(keys) -> None:
    sign = google.GoogleSignIn(GoogleSettings(client_id="ecg"), "", [KEY])
    for token in ("", "x", "a.b.c", tokens.sign([KEY], "ecg", {}, 60)):
        with pytest.raises(google.Unauthorized):
            sign._verified(token, keys, "i")
