"""What a caption page can reach, tried from inside: nothing but its own server.

A scenario cannot hold a script and a style of ours has no address in it; here both have what
they never should, and the page runs what an intruder would."""

import asyncio
import contextlib
import shutil
import socket
import threading

import pytest
from playwright.async_api import Error

from ecg.captions.styles import check_choice
from ecg.kernel.errors import DocumentInvalid
from ecg.render.engine.server import FOLDERS, page_server
from tests.integration.render.videos import cue, scenario

SECRET = "a file of this machine"


class Bait:
    """A port that is listened on, by TCP and UDP; ``heard``: what came."""

    def __init__(self):
        self.heard = []
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self._tcp.getsockname()[1]
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", self.port))
        self._udp.settimeout(0.1)
        self._tcp.settimeout(0.1)
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=target) for target in (self._accept, self._receive)
        ]
        for thread in self._threads:
            thread.start()

    def _accept(self):
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._tcp.accept()
                with connection:
                    connection.settimeout(1)
                    with contextlib.suppress(OSError):
                        self.heard.append(connection.recv(200))

    def _receive(self):
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                self.heard.append(self._udp.recv(200))

    def close(self):
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._tcp.close()
        self._udp.close()


@pytest.fixture
def bait():
    made = Bait()
    yield made
    made.close()


def test_the_bait_hears_who_comes(bait):
    with socket.create_connection(("127.0.0.1", bait.port)) as caller:
        caller.sendall(b"hello")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.sendto(b"hello", ("127.0.0.1", bait.port))
    bait._over.wait(0.5)
    assert bait.heard == [b"hello", b"hello"]


REACHING = {
    "fetch": "(await fetch(there)).status",
    "beacon": "navigator.sendBeacon(there, 'x'), await sleep(300), fail()",
    "request": """await new Promise((done, fail) => { const asked = new XMLHttpRequest();
        asked.open("GET", there); asked.onload = () => done("got"); asked.onerror = fail;
        asked.send(); })""",
    "socket": """await new Promise((done, fail) => { const socket = new WebSocket(
        there.replace("http", "ws")); socket.onopen = () => done("open"); socket.onerror = fail; })""",
    "events": """await new Promise((done, fail) => { const source = new EventSource(there);
        source.onopen = () => done("open"); source.onerror = fail; })""",
    "picture": """await new Promise((done, fail) => { const picture = new Image();
        picture.onload = () => done("seen"); picture.onerror = fail; picture.src = there; })""",
    "script": """await new Promise((done, fail) => { const script = document.createElement("script");
        script.onload = () => done("run"); script.onerror = fail; script.src = there;
        document.head.append(script); })""",
    "module": "await import(there)",
    "worker": """await new Promise((done, fail) => { const worker = new Worker(
        URL.createObjectURL(new Blob([`fetch("${there}")`]))); worker.onerror = fail; })""",
    "font": """await new FontFace("Bait", `url(${there})`).load()""",
    "video": """await new Promise((done, fail) => { const video = document.createElement("video");
        video.onloadeddata = () => done("seen"); video.onerror = fail; video.src = there; })""",
    "frame": """await new Promise((done, fail) => { const frame = document.createElement("iframe");
        frame.src = there; frame.onload = () => { try { done(frame.contentDocument.body.innerText
        || fail()); } catch { fail(); } }; document.body.append(frame); })""",
    "window": "window.open(there).location.href",
    "hint": """["preconnect", "dns-prefetch", "prefetch", "preload", "prerender", "modulepreload"].map(
        (rel) => document.head.append(Object.assign(document.createElement("link"),
        { rel, href: there, as: "image" }))), await sleep(300), fail()""",
    "call": """await new Promise(async (done, fail) => { const port = new URL(there).port;
        const call = new RTCPeerConnection({ iceServers: [{ urls: `stun:127.0.0.1:${port}` },
          { urls: [`turn:127.0.0.1:${port}?transport=tcp`, `turn:127.0.0.1:${port}`],
            username: "a", credential: "b" }] });
        call.createDataChannel("x"); await call.setLocalDescription(await call.createOffer());
        setTimeout(fail, 1000); })""",
}
FILES = {
    "fetch": "(await fetch(there)).status",
    "frame": REACHING["frame"],
    "picture": REACHING["picture"],
    "module": REACHING["module"],
    "window": REACHING["window"],
}
STORING = {
    "localStorage": "localStorage.setItem('a', 'b'), localStorage.getItem('a')",
    "sessionStorage": "sessionStorage.setItem('a', 'b'), sessionStorage.getItem('a')",
    "cookie": "document.cookie = 'a=b', document.cookie || fail()",
    "cookieStore": "await cookieStore.set('a', 'b'), (await cookieStore.get('a')).value",
    "indexedDB": """await new Promise((done, fail) => { const asked = indexedDB.open("x");
        asked.onsuccess = () => done("open"); asked.onerror = fail; })""",
    "caches": "await caches.open('x')",
    "files": "await (await navigator.storage.getDirectory()).getFileHandle('x', {create: true})",
    "serviceWorker": "await navigator.serviceWorker.register('x.js')",
}
LEAVING = {
    "form": """document.body.append(Object.assign(document.createElement("form"), { action: there })),
        document.querySelector("form").submit(), await sleep(300), fail()""",
    "place": "location.assign(there), await sleep(300), fail()",
}
TRY = """async ([code, there]) => {
  const body = `const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
    const fail = () => { throw new Error("refused"); };
    return String((${code}));`;
  const run = new (async () => {}).constructor("there", body);
  const late = new Promise((done) => setTimeout(() => done("refused"), 2000));
  return Promise.race([late, run(there).catch((error) => "refused")]);
}"""


@contextlib.asynccontextmanager
async def caption_page(browser):
    """A page as a render has it, once its link is there."""
    async with page_server() as server, browser.page(server.origin, server.url) as page:
        await server.link()
        yield page


async def tried(browser, attempts, there):
    """What each of ``attempts`` comes to on a caption page: "refused", or what it got."""

    async def on_page():
        async with caption_page(browser) as page:
            return {way: await page.evaluate(TRY, [code, there]) for way, code in attempts.items()}

    return await asyncio.wrap_future(browser.submit(on_page()))


def refused(attempts):
    return dict.fromkeys(attempts, "refused")


async def test_a_page_reaches_no_other_server(browser, bait):
    there = f"http://127.0.0.1:{bait.port}/x"
    assert await tried(browser, REACHING, there) == refused(REACHING)
    assert bait.heard == []


async def test_a_page_can_fetch_what_its_own_server_has(browser):
    async def on_page():
        async with caption_page(browser) as page:
            return await page.evaluate(TRY, [REACHING["fetch"], "capture.css"])

    assert await asyncio.wrap_future(browser.submit(on_page())) == "200"


@pytest.mark.parametrize("way", LEAVING)
async def test_a_page_that_leaves_comes_nowhere(way, browser, bait):
    async def on_page():
        async with caption_page(browser) as page:
            with contextlib.suppress(Error):  # the page that would answer is gone
                await page.evaluate(TRY, [LEAVING[way], f"http://127.0.0.1:{bait.port}/x"])
            await asyncio.sleep(0.3)
            return page.url

    url = await asyncio.wrap_future(browser.submit(on_page()))
    assert str(bait.port) not in url
    assert bait.heard == []


async def test_a_page_reads_no_file(browser, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    assert await tried(browser, FILES, secret.as_uri()) == refused(FILES)


async def test_a_page_keeps_nothing(browser):
    assert await tried(browser, STORING, "") == refused(STORING)


WORDS = [
    "http://127.0.0.1:{port}/x.png",
    "url(http://127.0.0.1:{port}/y.png)",
    "<img src=http://127.0.0.1:{port}/z>",
    "<script>fetch('http://127.0.0.1:{port}')</script>",
    "file:///etc/hostname",
]


def test_a_scenario_that_names_addresses_reaches_none(bait, make_video, draw):
    there = f"http://127.0.0.1:{bait.port}/x"
    hostile = f"x'; background: url({there}); --x: '"
    document = scenario(
        cue(
            1,
            0.1,
            0.9,
            [word.format(port=bait.port) for word in WORDS],
            secondary={"language": "en", "text": f"<img src={there}>"},
        ),
        label=hostile,
    )
    with pytest.raises(DocumentInvalid, match="no font is called"):
        check_choice(scenario(overrides={"font": hostile}).style)
    result, _ = draw(make_video(rate=10), document)
    assert result.frames == 10
    assert bait.heard == []


STYLE = """
@import url("{there}/import.css");
@font-face {{ font-family: Bait; src: url("{there}/font.woff2"), url("{file}"); }}
.word {{ font-family: Bait; cursor: url("{there}/cursor.png"), auto;
  background: url("{there}/word.png"), image-set("{file}" 1x); mask: url("{there}/mask.svg#m");
  list-style: url("{there}/list.png"); border-image: url("{there}/border.png"); }}
.ink::before {{ content: url("{there}/content.png"); }}
.ink {{ filter: url("{there}/filter.svg#f"); }}
"""


def test_a_style_that_names_addresses_reaches_none(
    bait, make_video, draw, short, tmp_path, monkeypatch
):
    styles = tmp_path / "styles"
    shutil.copytree(FOLDERS["styles"], styles)
    sheet = styles / "intention" / "style.css"
    there, file = f"http://127.0.0.1:{bait.port}", (tmp_path / "x.png").as_uri()
    sheet.write_text(sheet.read_text() + STYLE.format(there=there, file=file))
    monkeypatch.setitem(FOLDERS, "styles", styles)
    result, _ = draw(make_video(rate=10), short)
    assert result.frames == 10
    assert bait.heard == []
