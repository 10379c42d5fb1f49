from __future__ import annotations

import pytest

from ecg.kernel.errors import InputRefused
from ecg.kernel.settings import Settings
from ecg.roles import ROLES, check_roles

GOOD = "k" * 32


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"secret_key": "short"}, "ECG_SECRET_KEY: key 1 has 5 bytes"),
        ({"secret_key": f"{GOOD},{'x' * 31}"}, "ECG_SECRET_KEY: key 2 has 31 bytes"),
        ({"service_key": "x"}, "ECG_SERVICE_KEY: key 1 has 1 bytes"),
    ],
)
def test_a_key_that_could_be_guessed_is_refused(keys: dict[str, str], says: str) -> None:
    for names in (frozenset(ROLES), frozenset({"render"})):
        with pytest.raises(InputRefused, match=says):
            check_roles(Settings(**keys), names)
    assert check_roles(
        Settings(secret_key=GOOD, service_key=f"{'é' * 16},{GOOD}"), frozenset(ROLES)
    )


def test_a_list_without_a_key_is_none() -> None:
    with pytest.raises(InputRefused, match=r"still need .*ECG_SERVICE_KEY"):
        check_roles(Settings(service_key=" , "), frozenset({"render"}))
