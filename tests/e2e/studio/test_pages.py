"""What stands on every page, dialog and panel of the studio, in each of its states."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.client import Client
from tests.e2e.service import Process, environment
from tests.e2e.studio.pages import ROOT, asked, check_access, opened, saved
from tests.e2e.studio.seen import Seen


def test_the_types_of_the_client_are_the_apis_own(server: Process, tmp_path: Path) -> None:
    described = tmp_path / "openapi.json"
    described.write_bytes(httpx.get(f"{server.url}/api/v1/openapi.json").content)
    made = tmp_path / "schema.ts"
    script = ROOT / "scripts/client.sh"
    command = ["sh", script, Path(sys.executable).parent, described, made]
    subprocess.run(command, check=True, capture_output=True)
    kept = (ROOT / "studio/src/api/schema.ts").read_text()
    assert made.read_text() == kept, "run `make client`"


def test_the_page_may_load_nothing_of_others_and_is_small(server: Process) -> None:
    answer = httpx.get(server.url)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    assert answer.headers["cache-control"] == "no-cache"
    scripts = re.findall(r'src="(/assets/[^"]+\.js)"', answer.text)
    assert scripts
    every = sum(path.stat().st_size for path in (ROOT / "ecg/studio/static/assets").glob("*.js.gz"))
    assert every <= 200_000, "script of all pages, gzipped"
    for script in scripts:
        asset = httpx.get(server.url + script)
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-encoding"] == "gzip"
    for absent in ("/assets/nothing.js", "/assets/../app.py"):
        assert httpx.get(server.url + absent).status_code == 404


def cue(number: int, text: str, start: float, end: float) -> dict[str, Any]:
    words = text.split()
    step = (end - start) / len(words)
    return {
        "id": f"c{number}", "kind": "speech", "start": start, "end": end, "speaker": f"s{number % 2}",
        "region": None,
        "words": [
            {"text": word, "start": start + n * step, "end": start + (n + 1) * step, "loudness": 0,
             "pitch": None}
            for n, word in enumerate(words)
        ],
    }  # fmt: skip


HARD = {
    "version": 1,
    "style": {"name": "broadcast", "overrides": {"box": 0.2}},
    "speakers": {
        "s0": {"label": "Ann", "color": "#56b4e9"},
        "s1": {"label": "Ben", "color": "#56b4e9"},
    },
    "cues": [cue(n, "far too many letters", n * 0.66, n * 0.66 + 0.62) for n in range(3)],
}
"""Gaps that flicker, captions too quick to read, colours that are the same."""


@pytest.fixture(scope="module")
def video(client: Client, silent_video: Path) -> str:
    made = client.captioned(silent_video, 2)
    client.call("PUT", f"/videos/{made}/scenario", HARD, **{"If-Match": "*"})
    return made


def test_the_doors_have_no_barrier(browser: Browser, server: Process) -> None:
    with browser.new_context(color_scheme="dark", reduced_motion="reduce") as stranger:
        page = stranger.new_page()
        page.goto(server.url)
        page.get_by_label("E-mail").fill("nobody@example.org")
        page.get_by_label("Password").fill("not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("is wrong")
        check_access(page)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("heading", name="Create your account")).to_be_visible()
        check_access(page)


def test_the_lists_and_dialogs_have_no_barrier(
    signed: Page,
    video: str,
    client: Client,
    silent_video: Path,
    server: Process,
    tmp_path: Path,
    seen: Seen,
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(silent_video.read_bytes()[:600])
    refused, deaf = client.upload(broken), client.upload(silent_video)
    client.until(f"/videos/{refused}", lambda one: one["state"] == "refused")
    client.ended(f"/videos/{deaf}/analysis")
    page = signed
    page.goto(server.url)
    expect(page.locator(f"[data-video='{deaf}']")).to_contain_text("No captions")
    check_access(page)
    page.locator(f"[data-video='{deaf}']").get_by_role("button").click()
    expect(page.get_by_role("menu")).to_be_visible()
    check_access(page)
    page.get_by_role("menuitem", name="Delete").click()
    expect(page.get_by_role("dialog", name="Delete")).to_be_visible()
    check_access(page)
    page.keyboard.press("Escape")
    for path, heading in (
        (f"/videos/{deaf}", "No captions could be made"),
        (f"/videos/{refused}", "This video can’t be used"),
        (f"/videos/{video[:-4]}0000", "This video isn’t here any more"),
    ):
        with seen.expecting("404"):
            page.goto(f"{server.url}{path}")
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
            check_access(page)
            page.wait_for_load_state("networkidle")


def test_the_panels_of_the_editor_have_no_barrier(
    signed: Page, video: str, server: Process
) -> None:
    page = signed
    opened(page, server, video)
    page.get_by_role("button", name=re.compile("^Speaker: Ann")).first.click()
    expect(page.get_by_role("menu")).to_be_visible()
    check_access(page)
    page.keyboard.press("Escape")
    for menu in ("Captions file", "Account menu"):
        page.get_by_role("button", name=menu).click()
        expect(page.get_by_role("menu")).to_be_visible()
        check_access(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("menu")).to_have_count(0)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    check_access(page)
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Speakers").click()
    check_access(page)
    page.locator(".cue-words .word").first.dblclick()
    expect(page.locator(".word-input")).to_be_visible()
    check_access(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+ArrowRight")
    check_access(page)


def test_all_repairs_are_made_at_once(signed: Page, video: str, server: Process) -> None:
    page = signed
    opened(page, server, video)
    page.get_by_role("tab", name="Readability").click()
    button = page.get_by_role("button", name=re.compile(r"^Fix all \d+"))
    expect(button).to_be_enabled()
    check_access(page)
    before = asked(page, server, f"/videos/{video}/lint").json()["items"]
    assert len({one["code"] for one in before if one["repair"]}) > 2
    button.click()
    expect(button).to_have_count(0)
    saved(page)
    after = asked(page, server, f"/videos/{video}/lint").json()["items"]
    assert not [one["code"] for one in after if one["repair"]]
    page.keyboard.press("Control+z")
    expect(button).to_be_enabled()
    saved(page)
    assert asked(page, server, f"/videos/{video}/lint").json()["items"] == before


def test_the_states_of_the_export_have_no_barrier(
    signed: Page, video: str, client: Client, server: Process
) -> None:
    page = signed
    opened(page, server, video)
    page.keyboard.press("e")
    page.get_by_role("radio", name="Draft").check()
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
    cancelled = client.render(video)
    client.call("DELETE", f"/renders/{cancelled}")
    source = next((server.data / "store").rglob(f"uploads/{video}"))
    away = source.rename(source.with_name("away"))
    client.ended(f"/renders/{client.render(video)}")
    away.rename(source)
    opened(page, server, video)
    page.keyboard.press("e")
    rows = page.locator(".render")
    expect(rows).to_have_count(3)
    states = rows.evaluate_all("rows => rows.map((one) => one.dataset.state)")
    assert states == ["failed", "cancelled", "succeeded"]
    expect(rows.nth(0)).to_contain_text("no longer in the store")
    check_access(page)
    page.get_by_role("button", name="Watch the export").click()
    expect(page.get_by_role("dialog").get_by_role("button", name="Pause")).to_be_visible()
    check_access(page)
    page.keyboard.press("Escape")


def test_the_account_has_no_barrier_and_its_keys_work(signed: Page, server: Process) -> None:
    page = signed
    page.goto(f"{server.url}/account")
    expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    check_access(page)
    page.get_by_label("Name of a new key").fill("nightly")
    page.get_by_role("button", name="Make key").click()
    key = page.locator(".made-key code").inner_text()
    bearer = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{server.url}/api/v1/usage", headers=bearer).status_code == 200
    check_access(page)
    page.get_by_role("button", name="Delete the key “nightly”").click()
    expect(page.get_by_text("nightly")).to_have_count(0)
    assert httpx.get(f"{server.url}/api/v1/usage", headers=bearer).status_code == 401
    page.get_by_role("radio", name="한국어").check()
    expect(page.get_by_role("heading", name="사용량")).to_be_visible()
    page.get_by_role("radio", name="English").check()


def test_an_unsigned_post_changes_nothing(signed: Page, server: Process) -> None:
    """The cookies alone do not write: another site's form would come to nothing."""
    held = {one["name"]: one["value"] for one in signed.context.cookies(f"{server.url}/api/v1/")}
    answer = httpx.post(f"{server.url}/api/v1/uploads", cookies=held, content=json.dumps({}))
    assert answer.status_code == 401


def test_an_admin_sees_every_job_and_runs_a_failed_one_again(
    signed: Page, client: Client, server: Process
) -> None:
    page = signed
    page.goto(f"{server.url}/admin")
    expect(page.get_by_text("This page is for admins")).to_be_visible()
    check_access(page)
    command = [sys.executable, "-m", "ecg", "users", "admin", client.email]
    settings = environment(server.data)
    subprocess.run(command, check=True, capture_output=True, env=settings)
    page.reload()
    page.get_by_label("Kind of job").select_option("analysis")
    page.get_by_label("State").select_option("failed")
    job = page.locator(".job").filter(has_text=client.email).first
    expect(job).to_contain_text("no sound")
    check_access(page)
    job.get_by_role("button", name="Run again").click()
    expect(job).to_contain_text("attempt 2")
    expect(page.locator(".account").filter(has_text=client.email)).to_contain_text("1 of 200")
