from __future__ import annotations

import pytest

from ecg.auth import passwords, tokens
from ecg.auth.service import checked_email, checked_password
from ecg.kernel.errors import InputRefused, Unauthorized

KEY, OTHER = "k" * 40, "o" * 40


async def test_a_password_counts_beyond_72_bytes_and_beyond_nul(monkeypatch) -> None:
    assert passwords.COST == 12
    monkeypatch.setattr(passwords, "COST", 4)
    for password in ("é" * 100, "a\0b", "correct horse"):
        stored = await passwords.hash_password(password)
        assert stored.startswith("$2b$04$")
        assert len(stored) == 60
        assert await passwords.check_password(password, stored)
        assert not await passwords.check_password(password + "x", stored)
        assert stored != await passwords.hash_password(password)
    assert not await passwords.check_password("correct horse", None)


@pytest.mark.parametrize("good", ["a@b.cd", " Ada@Example.ORG ", "ada+x@sub.example.org", "å@ö.se"])
def test_addresses(good) -> None:
    assert checked_email(good) == good.strip().lower()


@pytest.mark.parametrize(
    "bad", ["", "@", "a@", "@b.cd", "a@b", "a@b.", "a@.b", "a@b..c", "a@@b.cd", "a b@c.de", "a@b.c\x7f", "İ" * 64 + "@b.cd", "a@" + "b" * 250 + ".cd"],
)  # fmt: skip
def test_what_is_no_address(bad) -> None:
    with pytest.raises(InputRefused, match=r"\$\.email"):
        checked_email(bad)


@pytest.mark.parametrize("length", [0, 7, 1025])
def test_lengths_of_passwords(length) -> None:
    with pytest.raises(InputRefused, match=f"{length} characters; take 8 to 1,024"):
        checked_password("x" * length)
    assert checked_password("x" * 8)
    assert checked_password("x" * 1024)


def test_a_token_is_for_its_audience_and_its_keys() -> None:
    made = tokens.sign([KEY], "a", {"x": 1}, 60)
    assert tokens.unsign([OTHER, KEY], "a", made)["x"] == 1
    for keys, audience in (([OTHER], "a"), ([KEY], "b"), ([], "a")):
        with pytest.raises(Unauthorized):
            tokens.unsign(keys, audience, made)
    with pytest.raises(Unauthorized):
        tokens.unsign([KEY], "a", tokens.sign([KEY], "a", {}, 0))


def test_secrets_are_long_and_their_hashes_stable() -> None:
    made = {tokens.new_secret() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) == 43
    assert tokens.hashed("x") == tokens.hashed("x") != tokens.hashed("y")


def test_the_next_refresh_token_is_told_by_our_key_alone() -> None:
    ours, theirs = tokens.AccessTokens([KEY]), tokens.AccessTokens([OTHER])
    assert ours.follower("a") == tokens.AccessTokens([KEY, OTHER]).follower("a")
    assert len({ours.follower("a"), theirs.follower("a"), ours.follower("b")}) == 3
    assert len(ours.follower("a")) == len(tokens.new_secret())
