"""Signed messages by the Standard Webhooks scheme (standardwebhooks.com, v1)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ecg.kernel.errors import Unauthorized

TOLERANCE = 300
"""Seconds by which a timestamp may differ from the receiver's clock; the scheme's own."""


def secret_of(key: str) -> str:
    """The ``whsec_…`` secret made from a key of any length and form."""
    digest = hashlib.sha256(b"ecg webhooks " + key.encode()).digest()
    return "whsec_" + base64.b64encode(digest).decode()


def signed(secret: str, message_id: str, body: bytes) -> dict[str, str]:
    """The headers that go with ``body`` now. Every retry is signed anew under the same id."""
    now = datetime.now(UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body.decode()),
        "Content-Type": "application/json",
    }


def verified(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> str:
    """The message's id, once any of ``secrets`` is seen to have signed exactly this body at a
    time within ``TOLERANCE``. Raises ``Unauthorized``."""
    for secret in secrets:
        try:
            Webhook(secret).verify(body, dict(headers), json_parse=False)
        except (WebhookVerificationError, ValueError, IndexError):
            continue
        return headers["webhook-id"]
    raise Unauthorized("the webhook's signature, id or time is not accepted")
