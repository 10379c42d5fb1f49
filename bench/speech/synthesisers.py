"""Speech whose every word's time is known, as the synthesisers that made it tell it.

flite 2.2 and espeak-ng are called as libraries (Debian: ``apt install flite espeak-ng``), as their
commands print no word times. Where one is not installed its rows are left out, by name.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SENTENCES = (
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "Please remember to bring your umbrella because the weather may change this evening.",
    "Nobody expected the small company to deliver such a remarkable result.",
    "We walked along the harbour and watched the fishing boats return at sunset.",
    "Modern telescopes can see distant galaxies on a clear night.",
    "She opened the letter slowly, read it twice, and put it back on the table.",
)
PAUSE = 0.8
"""Seconds of silence around the sentences."""
_FLITE_VOICES = ("awb", "kal", "rms", "slt")
_ESPEAK_VOICE = "en-us"
FOREIGN = {
    "espeak-ng de": (
        "Am Donnerstag treffen wir uns um zehn vor dem alten Rathaus.",
        "Bring bitte deinen Schirm mit, denn abends soll es wieder regnen.",
        "Niemand hatte erwartet, dass die kleine Werkstatt so schnell fertig wird.",
    ),
    "espeak-ng fr": (
        "Le petit marché du village ouvre chaque matin à huit heures.",
        "Nous avons marché le long de la rivière avant de rentrer à la maison.",
        "Elle ouvre la lettre lentement, puis la pose sur la table.",
    ),
    "espeak-ng it": (
        "Domani mattina prendiamo il treno per andare al mare.",
        "La piccola bottega vende pane fresco, formaggio e frutta.",
        "Nessuno aveva visto il vecchio pescatore tornare dal porto.",
    ),
}
VOICES = (*(f"flite {name}" for name in _FLITE_VOICES), f"espeak-ng {_ESPEAK_VOICE}")


class Spoken(NamedTuple):
    """``words``: (text in small letters, start in seconds). ``silence``: seconds of it around the
    sentences."""

    sound: NDArray[np.float32]
    rate: int
    words: list[tuple[str, float]]
    silence: float = 0.0


def missing() -> list[str]:
    """What is not installed, with the command that installs it."""
    needed = {"flite": "libflite.so.1", "espeak-ng": "libespeak-ng.so.1"}
    return [f"{name} (apt install {name})" for name, file in needed.items() if not _loads(file)]


def speak(voice: str, wpm: int) -> Spoken:
    """All sentences by one of ``VOICES``; ``wpm`` words a minute, pauses not counted."""
    program, _, name = voice.partition(" ")
    if program == "flite":
        return _at_rate(lambda stretch: _joined([_flite(name, stretch, s) for s in SENTENCES]), wpm)
    return _at_rate(
        lambda slower: _joined([_espeak(name, wpm / slower, s) for s in SENTENCES]), wpm
    )


def speak_foreign(voice: str, wpm: int) -> Spoken:
    """The sentences of one of ``FOREIGN``."""
    name = voice.partition(" ")[2]
    return _at_rate(
        lambda slower: _joined([_espeak(name, wpm / slower, s) for s in FOREIGN[voice]]), wpm
    )


def _at_rate(spoken: Callable[[float], Spoken], wpm: int) -> Spoken:
    """``spoken`` so much slower that it has ``wpm``: measured, as voices differ in what they call
    their usual rate."""
    usual = spoken(1.0)
    speaking = len(usual.sound) / usual.rate - usual.silence
    return spoken(60 * len(usual.words) / wpm / speaking)


def _joined(parts: list[Spoken]) -> Spoken:
    rate = parts[0].rate
    pause = np.zeros(round(PAUSE * rate), np.float32)
    sounds, words, clock = [pause], [], PAUSE
    for part in parts:
        words += [(text, clock + start) for text, start in part.words]
        sounds += [part.sound, pause]
        clock += len(part.sound) / rate + PAUSE
    return Spoken(np.concatenate(sounds), rate, words, PAUSE * (len(parts) + 1))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


# -- flite: the relations of an utterance hold each phone's end and the word it belongs to


class _Wave(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_char_p),
        ("rate", ctypes.c_int),
        ("samples", ctypes.c_int),
        ("channels", ctypes.c_int),
        ("data", ctypes.POINTER(ctypes.c_short)),
    )


class _Voice(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("features", ctypes.c_void_p))


def _flite_library() -> Any:
    library = ctypes.CDLL("libflite.so.1", mode=ctypes.RTLD_GLOBAL)
    for name in ("usenglish", "cmulex"):
        ctypes.CDLL(f"libflite_{name}.so.1", mode=ctypes.RTLD_GLOBAL)
    for function, answer in {
        "flite_synth_text": ctypes.c_void_p,
        "utt_relation": ctypes.c_void_p,
        "relation_head": ctypes.c_void_p,
        "item_next": ctypes.c_void_p,
        "item_feat_float": ctypes.c_float,
        "ffeature_string": ctypes.c_char_p,
        "utt_wave": ctypes.POINTER(_Wave),
    }.items():
        getattr(library, function).restype = answer
    library.flite_init()
    return library


def _flite(name: str, stretch: float, text: str) -> Spoken:
    library = _flite_library()
    voices = ctypes.CDLL(f"libflite_cmu_us_{name}.so.1", mode=ctypes.RTLD_GLOBAL)
    register = getattr(voices, f"register_cmu_us_{name}")
    register.restype = ctypes.POINTER(_Voice)
    voice = register(None)
    features = ctypes.c_void_p(voice.contents.features)
    library.feat_set_float(features, b"duration_stretch", ctypes.c_float(stretch))
    utterance = ctypes.c_void_p(library.flite_synth_text(text.encode(), voice))
    wave = library.utt_wave(utterance).contents
    sound = np.ctypeslib.as_array(wave.data, (wave.samples,)).astype(np.float32) / 32768
    return Spoken(sound, wave.rate, _flite_words(library, utterance))


def _flite_words(library: Any, utterance: ctypes.c_void_p) -> list[tuple[str, float]]:
    words: list[tuple[str, float]] = []
    relation = ctypes.c_void_p(library.utt_relation(utterance, b"Segment"))
    phone = ctypes.c_void_p(library.relation_head(relation))
    last_word, end = "", 0.0
    while phone.value:
        start, end = end, library.item_feat_float(phone, b"end")
        word = library.ffeature_string(phone, b"R:SylStructure.parent.parent.name").decode()
        if word not in {"0", last_word}:
            words.append((word.lower(), start))
        last_word = word
        phone = ctypes.c_void_p(library.item_next(phone))
    return words


# -- espeak-ng: events with the sample that each word begins at


class _Event(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_WORD, _END = 1, 0
_SYNCHRONOUS, _RATE_PARAMETER, _PLAIN_TEXT = 2, 1, 1


def _espeak(name: str, wpm: float, text: str) -> Spoken:
    library: Any = ctypes.CDLL("libespeak-ng.so.1")
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, None, 0)
    sound: list[NDArray[np.int16]] = []
    words: list[tuple[str, float]] = []

    @ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
    )
    def heard(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        index = 0
        while events[index].kind != _END:
            if events[index].kind == _WORD:
                first = events[index].text_position - 1
                said = text[first : first + events[index].length]
                words.append((said.lower(), events[index].sample / rate))
            index += 1
        return 0

    library.espeak_SetSynthCallback(heard)
    library.espeak_SetVoiceByName(name.encode())
    library.espeak_SetParameter(_RATE_PARAMETER, round(wpm), 0)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _PLAIN_TEXT, None, None)
    return Spoken(np.concatenate(sound).astype(np.float32) / 32768, rate, words)
