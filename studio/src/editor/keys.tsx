import { useEffect, useRef } from "react";
import type { Finding } from "../api/client.ts";
import { useText, type Text } from "../text/index.tsx";
import { Dialog } from "../ui/controls.tsx";
import type { Desk } from "./context.ts";
import { cueStep, spotAt, spotsOf, wordAt, wordStep, type Place } from "./document.ts";
import { stepPart } from "./focus.ts";
import { breakBefore, mergeBefore, moveEdge, removeWord, restyle } from "./edits.ts";
import { wordId } from "./ids.ts";
import type { Player } from "./player.ts";
import { wordKey } from "./uncertain.ts";

/** Seconds that a film skips by. */
export const SKIP = 5;

interface Doing {
  onExport: () => void;
  onKeys: () => void;
  onFinding: () => void;
}

/** The keys of the editor, wherever the focus is but in what takes keys itself. */
export function useKeys(desk: Desk, uncertain: ReadonlySet<string>, findings: readonly Finding[], doing: Doing) {
  const text = useText();
  usePressed((press) => action(press, desk, uncertain, findings, doing, text));
}

/** The keys of a film that has no words yet. */
export function usePlayingKeys(player: Player) {
  usePressed((press) => {
    if (press === "ArrowLeft") return () => player.seek(player.time() - SKIP);
    if (press === "ArrowRight") return () => player.seek(player.time() + SKIP);
    return playing(press, player);
  });
}

function playing(press: string, player: Player): (() => void) | null {
  switch (press) {
    case "Space": return player.toggle;
    case "j": return () => player.shuttle(-1);
    case "k": return () => player.shuttle(0);
    case "l": return () => player.shuttle(1);
    default: return null;
  }
}

function usePressed(find: (press: string) => (() => void) | null) {
  const latest = useRef<(event: KeyboardEvent) => void>(() => {});
  latest.current = (event) => {
    const press = pressed(event);
    const act = press && find(press);
    if (!act) return;
    event.preventDefault();
    act();
  };
  useEffect(() => {
    const heard = (event: KeyboardEvent) => latest.current(event);
    window.addEventListener("keydown", heard);
    return () => window.removeEventListener("keydown", heard);
  }, []);
}

/** What was pressed, as "Shift+ArrowLeft"; empty where it is another's to hear. */
function pressed(event: KeyboardEvent): string {
  if (event.defaultPrevented || event.isComposing) return "";
  const target = event.target as HTMLElement;
  if (document.querySelector("dialog[open]") || target.closest('[role="menu"]')) return "";
  if (event.key === "F6") return event.shiftKey ? "Shift+F6" : "F6";
  const undoing = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z";
  const typing = target.matches("input:not([type=range], [type=radio], [type=color], [type=checkbox]), textarea, select");
  if (typing) return "";
  if (undoing) return event.shiftKey ? "redo" : "undo";
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "y" ? "redo" : "";
  const word = target.matches("[data-word]");
  const acting = target.matches("button, a, [role=tab], input, summary") && !word;
  if (acting && /^(Enter| |Arrow.*|Home|End|Delete|Backspace)$/.test(event.key)) return "";
  const key = event.key.length === 1 ? (event.key === " " ? "Space" : event.key.toLowerCase()) : event.key;
  return `${event.altKey ? "Alt+" : ""}${event.shiftKey && key.length > 1 ? "Shift+" : ""}${key}`;
}

function action(
  press: string, desk: Desk, uncertain: ReadonlySet<string>, findings: readonly Finding[], doing: Doing, text: Text,
): (() => void) | null {
  const { history, dispatch, player, video } = desk;
  const { present: scenario } = history;
  const selected = history.selected ?? focused();
  const frame = 1 / (video.fps ?? 25);
  const go = (place: Place | null) => goTo(desk, place);
  const onWord = (work: (place: Place) => void) => (selected ? () => work(selected) : null);
  const edge = (side: "start" | "end", by: number) =>
    onWord((place) => {
      const word = wordAt(scenario, place);
      if (word) dispatch({ do: "edit", group: `${side} ${place.cue} ${place.word}`, change: (one) => moveEdge(one, place, side, word[side] + by) });
    });
  const here = selected ?? nearest(desk);
  switch (press) {
    case "ArrowLeft": return () => go(wordStep(scenario, here, -1));
    case "ArrowRight": return () => go(wordStep(scenario, here, selected ? 1 : 0));
    case "Shift+ArrowLeft": case "ArrowUp": return () => go(cueStep(scenario, here, -1));
    case "Shift+ArrowRight": case "ArrowDown": return () => go(cueStep(scenario, here, 1));
    case "Alt+ArrowLeft": return edge("start", -frame);
    case "Alt+ArrowRight": return edge("start", frame);
    case "Alt+Shift+ArrowLeft": return edge("end", -frame);
    case "Alt+Shift+ArrowRight": return edge("end", frame);
    case "Enter": return onWord((place) => dispatch({ do: "select", place, editing: true }));
    case "Escape": return () => dispatch({ do: "select", place: null });
    case "Delete": case "Backspace":
      return onWord((place) => dispatch({ do: "edit", change: (one) => removeWord(one, place) }));
    case "h":
      return onWord((place) => {
        const hidden = wordAt(scenario, place)?.style?.hidden;
        dispatch({ do: "edit", change: (one) => restyle(one, place, { hidden: hidden ? null : true }) });
      });
    case "m":
      return onWord((place) => dispatch({
        do: "edit", worded: true, change: (one) => mergeBefore(one, place),
        select: place.word > 0 ? { cue: place.cue, word: place.word - 1 } : place,
      }));
    case "b": return onWord((place) => dispatch({ do: "edit", change: (one) => breakBefore(one, place) }));
    case "s":
      return onWord((place) => dispatch({ do: "edit", change: (one) => moveEdge(one, place, "start", player.time()) }));
    case "n": return () => nextUncertain(desk, uncertain, text);
    case "f": return () => { doing.onFinding(); nextFinding(desk, findings); };
    case "e": return doing.onExport;
    case "F6": return () => stepPart(1);
    case "Shift+F6": return () => stepPart(-1);
    case "?": case "Shift+?": return doing.onKeys;
    case "undo": return () => dispatch({ do: "undo" });
    case "redo": return () => dispatch({ do: "redo" });
    default: return playing(press, player);
  }
}

/** The word that has the focus, which may be before any is selected. */
function focused(): Place | null {
  const word = document.activeElement?.closest<HTMLElement>(".word");
  const cue = word?.closest<HTMLElement>("[data-cue]")?.dataset["cue"];
  return word && cue ? { cue, word: Number(word.dataset["word"]) } : null;
}

function nearest({ history, player }: Desk): Place | null {
  const spots = spotsOf(history.present);
  return spots[Math.max(0, spotAt(spots, player.time()))] ?? null;
}

/** Selects a word, seeks to it, shows it and gives it the focus. */
export function goTo(desk: Desk, place: Place | null) {
  if (!place) return;
  const word = wordAt(desk.history.present, place);
  desk.dispatch({ do: "select", place: { cue: place.cue, word: place.word } });
  if (word) desk.player.seekFrame(word.start);
  requestAnimationFrame(() => {
    const shown = document.getElementById(wordId(place.cue, place.word));
    shown?.scrollIntoView({ block: "nearest" });
    shown?.focus({ preventScroll: true });
  });
}

export function nextUncertain(desk: Desk, uncertain: ReadonlySet<string>, text: Text) {
  const places = desk.history.present.cues.flatMap((cue) =>
    cue.words.flatMap((word, index) =>
      uncertain.has(wordKey(word.text, word.start)) ? [{ cue: cue.id, word: index, start: word.start }] : [],
    ),
  );
  const from = desk.history.selected ? (wordAt(desk.history.present, desk.history.selected)?.start ?? -1) : -1;
  const next = places.find((one) => one.start > from) ?? places[0];
  if (next) goTo(desk, next);
  else desk.say(text.editor.noUncertain);
}

function nextFinding(desk: Desk, findings: readonly Finding[]) {
  const order = new Map(desk.history.present.cues.map((cue, index) => [cue.id, index]));
  const from = order.get(desk.history.selected?.cue ?? "") ?? -1;
  const next = findings.find((one) => (order.get(one.cue_id) ?? -1) > from) ?? findings[0];
  if (next) goTo(desk, { cue: next.cue_id, word: 0 });
}

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const text = useText();
  return (
    <Dialog title={text.keys.title} onClose={onClose}>
      <dl className="key-list">
        {text.keys.rows.map(([keys, what]) => (
          <div key={keys}>
            <dt>{keys.split(" ").map((one) => <kbd key={one} className="key">{one}</kbd>)}</dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
