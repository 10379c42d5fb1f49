from __future__ import annotations

import time

import pytest
from standardwebhooks.webhooks import Webhook

from ecg.kernel import webhooks
from ecg.kernel.errors import Unauthorized
from ecg.kernel.http import check_service_token, service_token
from ecg.kernel.webhooks import TOLERANCE, secret_of, signed, verified

SECRET, OLD = secret_of("new key"), secret_of("old key")
BODY = b'{"id":"1"}'


def test_what_is_signed_is_verified_by_anyone_of_the_scheme() -> None:
    headers = signed(SECRET, "m1", BODY)
    assert verified([OLD, SECRET], headers, BODY) == "m1"
    Webhook(SECRET).verify(BODY, headers)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,!!! x"},
        {"webhook-signature": ""},
        {"webhook-id": "m2"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": str(int(time.time()) - TOLERANCE - 10)},
        {"webhook-timestamp": str(int(time.time()) + TOLERANCE + 10)},
    ],
)
def test_forged_stale_and_altered_ones_are_refused(change: dict[str, str]) -> None:
    headers = signed(SECRET, "m1", BODY)
    with pytest.raises(Unauthorized):
        verified([SECRET], {**headers, **change}, BODY)
    with pytest.raises(Unauthorized):
        verified([SECRET], headers, BODY + b" ")
    with pytest.raises(Unauthorized):
        verified([OLD], headers, BODY)
    with pytest.raises(Unauthorized):
        verified([SECRET], {}, BODY)


def test_a_service_token_holds_for_its_audience_its_keys_and_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "k" * 32
    token = f"Bearer {service_token(key, 'render')}"
    check_service_token(["other" * 8, key], "render", token)
    for keys, audience, header in (
        ([key], "audio", token),
        (["other" * 8], "render", token),
        ([key], "render", token.removeprefix("Bearer ")),
        ([key], "render", ""),
    ):
        with pytest.raises(Unauthorized):
            check_service_token(keys, audience, header)  # pyright: ignore[reportArgumentType]
    monkeypatch.setattr("ecg.kernel.http.TOKEN_SECONDS", -1)
    with pytest.raises(Unauthorized):
        check_service_token([key], "render", f"Bearer {service_token(key, 'render')}")


def test_the_tolerance_is_the_schemes() -> None:
    assert webhooks.TOLERANCE == 300
