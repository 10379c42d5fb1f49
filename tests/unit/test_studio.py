"""The studio's own tests of what is pure in it, and what it is served from."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from litestar.testing import TestClient

from ecg.captions.colors import contrast, distance, mixed, rgb
from ecg.captions.compose import PALETTE
from ecg.captions.legible import LEAST_CONTRAST, LEAST_DISTANCE, SOLID
from ecg.kernel.web import Part, create_app
from ecg.studio.app import policy, routes

ROOT = Path(__file__).resolve().parents[2]


async def _nobody(_connection: object) -> None:
    raise AssertionError("the studio's page asks nobody who they are")


def client_of(folder: Path) -> TestClient:
    part = Part(routes=routes(folder, policy("https://store.example.org")))
    return TestClient(create_app([part], authenticate=_nobody, role="api"))


def test_its_reducer_and_upload_plan_hold() -> None:
    done = subprocess.run(
        ["sh", "../scripts/node.sh", str(Path(sys.executable).parent),
         "node", "--test", "src/**/*.test.ts"],
        cwd=ROOT / "studio", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert "pass 0" not in done.stdout


def test_its_palettes_are_what_readability_asks_for() -> None:
    text = (ROOT / "studio/src/editor/palette.ts").read_text()
    palettes = [re.findall(r"#[0-9a-f]{6}", found) for found in re.findall(r"\[(.*?)\]", text)]
    assert tuple(palettes[0]) == PALETTE
    assert len(palettes) == 5
    behind = mixed((230, 230, 230), (10, 12, 18), SOLID)
    for palette in palettes:
        assert len(palette) == 6
        assert min(distance(a, b) for a, b in combinations(palette, 2)) >= LEAST_DISTANCE
        assert min(contrast(rgb(color), behind) for color in palette) >= LEAST_CONTRAST


@pytest.mark.parametrize(
    "path", ["/", "/videos/01a2164b-52e3-7793-9c5e-81fe67f6302b", "/account", "/admin"]
)
def test_without_a_build_every_page_says_how_to_make_one(tmp_path: Path, path: str) -> None:
    with client_of(tmp_path) as client:
        answer = client.get(path)
    assert answer.status_code == 503
    assert "make setup" in answer.text


def test_a_page_comes_fresh_and_its_parts_stay(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html>")
    (tmp_path / "assets/index-1.js").write_text("1")
    (tmp_path / "assets/index-1.js.gz").write_bytes(b"packed")
    with client_of(tmp_path) as client:
        page = client.get("/")
        plain = client.get("/assets/index-1.js", headers={"Accept-Encoding": "identity"})
        absent = client.get("/assets/index-1.js.gz")
        lost = client.get("/vidoes", headers={"Accept": "text/html,*/*;q=0.8"})
        asked = client.get("/vidoes", headers={"Accept": "application/json"})
    assert page.headers["cache-control"] == "no-cache"
    told = page.headers["content-security-policy"]
    assert "connect-src 'self' https://store.example.org;" in told
    assert "unsafe" not in told
    assert plain.text == "1"
    assert plain.headers["content-type"].startswith("text/javascript")
    assert "immutable" in plain.headers["cache-control"]
    assert absent.status_code == 404
    assert (lost.status_code, lost.text) == (404, page.text)
    assert (asked.status_code, asked.json()["code"]) == (404, "not_found")
