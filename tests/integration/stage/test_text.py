"""Text is only ever text, and is drawn with the bundled faces alone."""

import pytest

from tests.integration.stage.pages import STYLES, cue, scenario
from tests.integration.stage.test_place import TEXTS

NASTY = (
    '<img src="http://127.0.0.1:1/x.png" onerror="stage=1"> <script>throw 1</script> '
    "url(http://127.0.0.1:1/y.png) https://example.org/z.png &lt;b&gt;"
)


def test_markup_and_addresses_are_shown_as_they_are(stage):
    said = cue(NASTY, 0, 1, tags=[])
    said["secondary"] = {"language": "en", "text": NASTY}
    shown = scenario(said, cue(NASTY, 1, 2, kind="sound"), font='x", url(/stolen.woff2)')
    shown["speakers"]["mina"] |= {"label": NASTY, "color": "url(/stolen.png)"}
    shown["style"]["parameters"] = {"box": 'url("/stolen.png")', "other": "url(/stolen.png)"}
    asked = []
    stage.page.on("request", lambda request: asked.append(request.url))
    with pytest.raises(Exception, match="fonts not declared on this page: x"):
        stage.open(shown)
    del shown["style"]["overrides"]["font"]
    stage.open(shown).picture(0.9)
    assert not [url for url in asked if "stolen" in url or not url.startswith(stage.page.url)]
    texts = stage.page.evaluate(
        "() => [...root.querySelectorAll('.ink')].map((i) => i.textContent)"
    )
    assert " ".join(texts) == NASTY
    assert stage.page.evaluate("() => root.querySelectorAll('img, script, b').length") == 0
    assert stage.page.evaluate("() => typeof stage.seek") == "function"


def used_fonts(stage, selector):
    """(family, whether it is bundled) of every glyph under the elements."""
    session = stage.page.context.new_cdp_session(stage.page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument", {"depth": -1, "pierce": True})["root"]
    found = set()

    def walk(node):
        attributes = node.get("attributes", [])
        if selector in dict(zip(attributes[::2], attributes[1::2], strict=True)).values():
            ask = {"nodeId": node["nodeId"]}
            fonts = session.send("CSS.getPlatformFontsForNode", ask)["fonts"]
            found.update((font["familyName"], font["isCustomFont"]) for font in fonts)
        for child in [*node.get("children", []), *node.get("shadowRoots", [])]:
            walk(child)

    walk(root)
    session.detach()
    return found


EXPECTED = {
    "latin": {"Pretendard Variable"},
    "korean": {"Pretendard Variable"},
    "mixed": {"Pretendard Variable", "Noto Color Emoji"},
    "arabic": {"Pretendard Variable", "Noto Sans Arabic"},
    "japanese": {"Noto Sans JP"},
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", TEXTS)
def test_only_bundled_faces_are_used(stage, name, style):
    shown = scenario(cue(TEXTS[name], 0, 1, loudness=(9, -6)), style=style)
    stage.open(shown, width=1280, height=720).seek(0.5)
    fonts = used_fonts(stage, "ink")
    assert all(bundled for _, bundled in fonts)
    families = {family.removesuffix(" Thin").removesuffix(" Regular") for family, _ in fonts}
    assert families == EXPECTED[name]


GREETINGS = {
    "Armenian": "Բարև ձեզ",
    "Bengali": "নমস্কার বন্ধু",
    "Devanagari": "नमस्ते दुनिया",
    "Ethiopic": "ሰላም ለዓለም",
    "Georgian": "გამარჯობა",
    "Gujarati": "નમસ્તે મિત્ર",
    "Gurmukhi": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ",
    "Hebrew": "שלום עולם",
    "Kannada": "ನಮಸ್ಕಾರ ಸ್ನೇಹಿತ",
    "Khmer": "សួស្តី ពិភពលោក",
    "Lao": "ສະບາຍດີ ໂລກ",
    "Malayalam": "നമസ്കാരം ലോകം",
    "Myanmar": "မင်္ဂလာပါ ကမ္ဘာ",
    "Sinhala": "ආයුබෝවන් ලෝකය",
    "Tamil": "வணக்கம் உலகம்",
    "Telugu": "నమస్కారం ప్రపంచం",
    "Thai": "สวัสดี ชาวโลก",
    "Tibetan": "བཀྲ་ཤིས་བདེ་ལེགས།",
    "SC": "你们说这个国家 我们听见了吗？",
    "JP": "你好は中国語です",
}


@pytest.mark.parametrize("name", GREETINGS)
def test_every_script_that_is_heard_has_a_face(stage, name):
    stage.open(scenario(cue(GREETINGS[name], 0, 1))).seek(0.5)
    ((family, bundled),) = used_fonts(stage, "ink")
    kind = "Serif" if name == "Tibetan" else "Sans"
    assert (family.removesuffix(" Thin"), bundled) == (f"Noto {kind} {name}", True)


def test_what_no_face_has_is_a_box_of_ours_and_never_the_system_s(stage):
    stage.open(scenario(cue("ᚠᚢᚦ ᏣᎳᎩ", 0, 1))).seek(0.5)
    assert used_fonts(stage, "ink") == {("ECG Last Resort", True)}


def test_a_late_font_is_named(stage):
    stage.open(scenario(cue("Hello", 0, 1)))
    message = stage.page.evaluate(
        """async () => {
          const { loadFonts } = await import("/engine/fonts.js");
          const face = new FontFace("Slow Face", `url(${location.origin}/never)`);
          face.load = () => {};
          document.fonts.add(face);
          const forever = document.fonts.load;
          document.fonts.load = () => new Promise(() => {});
          const said = await loadFonts(["Slow Face"], "a", 0.05).catch((error) => error.message);
          document.fonts.load = forever;
          document.fonts.delete(face);
          return said;
        }"""
    )
    assert message == "fonts not loaded after 0.05 s: Slow Face"


def test_reading_order_holds_in_mixed_directions(stage):
    stage.open(scenario(cue("قالوا hello big world ثم", 0, 1)), width=1280, height=720).seek(0.5)
    arabic, hello, big, world, then = (box[0] for box in stage.boxes(".ink"))
    assert arabic > world > big > hello > then


def test_a_page_of_an_arabic_talk_that_begins_with_a_foreign_word_reads_leftwards(stage):
    talk = [cue("قالوا لي إنه مستحيل", 0, 1), cue("hello مستحيل جدا", 1, 2), cue("so far", 2, 3)]
    stage.open(scenario(*talk), width=1280, height=720)
    for t, leftwards in ((0.5, True), (1.5, True), (2.5, False)):
        stage.seek(t)
        places = [box[0] for box in stage.boxes(".ink")]
        assert places == sorted(places, reverse=leftwards)
    stage.open(scenario(cue("so they said مستحيل", 0, 1), cue("قالوا ok", 1, 2)))
    for t, leftwards in ((0.5, False), (1.5, True)):
        stage.seek(t)
        places = [box[0] for box in stage.boxes(".ink")]
        assert places == sorted(places, reverse=leftwards)


def test_a_thousand_words_cost_one_cue(stage):
    cues = [cue("some ten words are said here in each single cue", i, i + 1) for i in range(200)]
    stage.open(scenario(*cues))
    for t in (0.5, 120.5, 199.5):
        stage.seek(t)
        assert len(stage.boxes(".cue")) == 1
        assert stage.page.evaluate("() => root.querySelectorAll('.ink').length") == 10


def test_words_that_belong_together_stand_on_one_line(stage):
    """Tagged or not, the lines are the browser's; the tag only takes a place to break away."""
    lines = """() => [...root.querySelectorAll(".word")].map((one) =>
      Math.round(one.getBoundingClientRect().bottom))"""
    said = cue("we took the train from Lower New York to Upper New York again", 0, 4)
    stage.open(scenario(said, size=2), width=480, height=270)
    rows = stage.page.evaluate(lines)
    cut = next(index for index in range(len(rows)) if rows[index] != rows[index + 1])
    said["words"][cut]["tags"] = ["bound"]
    stage.open(scenario(said, size=2), width=480, height=270)
    again = stage.page.evaluate(lines)
    assert again[cut] == again[cut + 1]
    assert len(set(again)) == len(set(rows))
