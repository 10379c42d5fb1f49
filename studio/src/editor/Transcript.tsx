import { Fragment, useCallback, useEffect, useMemo, useRef, useState, type MouseEvent } from "react";
import type { Finding, Transcript as Heard } from "../api/client.ts";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { CueView } from "./CueView.tsx";
import { spotAt, spotsOf, wordAt, type Place } from "./document.ts";
import { matches, replaceAll } from "./edits.ts";
import { useFocusBack } from "./focus.ts";
import { wordId } from "./ids.ts";
import { nextUncertain } from "./keys.tsx";
import { ScriptNote, useScriptNotes } from "./ScriptNotes.tsx";
import { WordTools } from "./WordTools.tsx";

/** Seconds without a word after which a turn is headed anew. */
const NEW_TURN = 2;

export function Transcript(props: {
  heard: Heard | null;
  uncertain: ReadonlySet<string>;
  findings: readonly Finding[];
  settled: boolean;
}) {
  const desk = useDesk();
  const { history, dispatch, player } = desk;
  const text = useText();
  const [finding, setFinding] = useState(false);
  const list = useRef<HTMLOListElement>(null);
  const scenario = history.present;
  const spots = useMemo(() => spotsOf(scenario), [scenario]);
  const words = spots.length;
  const speaking = new Set(scenario.cues.map((cue) => cue.speaker).filter((one) => one != null)).size;
  useFollowing(spots, list);
  useFocusOnSelected(history.selected);

  const byCue = useMemo(() => Map.groupBy(props.findings, (one) => one.cue_id), [props.findings]);
  const notes = useScriptNotes(props.heard, props.uncertain);
  const noted = (cue: string) => notes.byCue.get(cue)?.map((note) => (
    <ScriptNote key={note.key} note={note} onDismiss={() => notes.dismiss(note.key)} />
  ));

  const choose = useCallback(
    (place: Place, editing = false) => {
      dispatch({ do: "select", place, editing });
    },
    [dispatch],
  );

  function placeOf(event: MouseEvent): Place | null {
    const word = (event.target as Element).closest<HTMLElement>("[data-word]");
    const cue = word?.closest<HTMLElement>("[data-cue]");
    return word && cue ? { cue: cue.dataset["cue"] ?? "", word: Number(word.dataset["word"]) } : null;
  }

  function clicked(event: MouseEvent) {
    const place = placeOf(event);
    if (!place || !document.getSelection()?.isCollapsed) return;
    choose(place);
    const word = wordAt(scenario, place);
    if (word) player.seekFrame(word.start);
  }

  return (
    <section className="words" tabIndex={-1} aria-label={text.editor.transcript}>
      <header className="panel-head">
        <h2>{text.editor.transcript}</h2>
        <span className="muted small">{text.editor.counts(speaking, words)}</span>
        <span className="space" />
        <Button kind="quiet" size="small" icon="search" aria-label={text.editor.find} aria-expanded={finding} onClick={() => setFinding(!finding)} />
        {props.uncertain.size > 0 && (
          <button type="button" className="uncertain-jump" onClick={() => nextUncertain(desk, props.uncertain, text)}>
            <kbd className="key">N</kbd> {text.editor.nextUncertain}
          </button>
        )}
      </header>
      {finding && <FindBar onClose={() => setFinding(false)} />}
      <ol
        className="cues"
        ref={list}
        onClick={clicked}
        onDoubleClick={(event) => {
          const place = placeOf(event);
          if (place) choose(place, true);
        }}
      >
        {noted("")}
        {scenario.cues.map((cue, index) => {
          const before = scenario.cues[index - 1];
          const headed = !before || before.speaker !== cue.speaker || before.kind !== cue.kind
            || cue.start - before.end > NEW_TURN;
          const here = history.selected?.cue === cue.id ? history.selected.word : -1;
          return (
            <Fragment key={cue.id}>
              <CueView
                cue={cue}
                speaker={cue.speaker == null ? undefined : scenario.speakers[cue.speaker]}
                headed={headed}
                selected={here}
                first={index === 0 && history.selected == null}
                editing={here >= 0 && history.editing}
                uncertain={props.uncertain}
                findings={byCue.get(cue.id)}
                settled={props.settled}
              />
              {noted(cue.id)}
            </Fragment>
          );
        })}
      </ol>
      {words === 0 && <p className="none muted">{text.editor.noWords}</p>}
      <WordTools />
    </section>
  );
}

/** A word that has the focus passes it on to the one that is selected after it. */
function useFocusOnSelected(selected: Place | null) {
  useEffect(() => {
    if (!selected || !document.activeElement?.matches(".word")) return;
    document.getElementById(wordId(selected.cue, selected.word))?.focus({ preventScroll: true });
  }, [selected]);
}

/** Marks the word that is being said, without drawing the list anew, and keeps it in sight. */
function useFollowing(spots: ReturnType<typeof spotsOf>, list: React.RefObject<HTMLElement | null>) {
  const { player } = useDesk();
  useEffect(() => {
    let marked: Element | null = null;
    let at = -2;
    const mark = (seconds: number) => {
      const index = spotAt(spots, seconds);
      if (index === at) return;
      at = index;
      marked?.removeAttribute("data-now");
      marked?.closest("[data-cue]")?.removeAttribute("data-now");
      const spot = spots[index];
      marked = spot ? document.getElementById(wordId(spot.cue, spot.word)) : null;
      marked?.setAttribute("data-now", "");
      const cue = marked?.closest<HTMLElement>("[data-cue]");
      cue?.setAttribute("data-now", "");
      if (cue && player.state().playing) keepInSight(list.current, cue);
    };
    mark(player.time());
    const stop = player.onTime(mark);
    return () => {
      stop();
      marked?.removeAttribute("data-now");
      marked?.closest("[data-cue]")?.removeAttribute("data-now");
    };
  }, [player, spots, list]);
}

function keepInSight(list: HTMLElement | null, cue: HTMLElement) {
  if (!list) return;
  const [around, box] = [list.getBoundingClientRect(), cue.getBoundingClientRect()];
  if (box.top >= around.top + 40 && box.bottom <= around.bottom - 60) return;
  list.scrollBy({ top: box.top - around.top - around.height / 3, behavior: "smooth" });
}

function FindBar({ onClose }: { onClose: () => void }) {
  const { history, dispatch, say } = useDesk();
  const text = useText();
  const [wanted, setWanted] = useState("");
  const [by, setBy] = useState("");
  const first = useRef<HTMLInputElement>(null);
  useFocusBack();
  useEffect(() => first.current?.focus(), []);
  const found = useMemo(() => matches(history.present, wanted), [history.present, wanted]);
  return (
    <form
      className="find"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
      onSubmit={(event) => {
        event.preventDefault();
        dispatch({ do: "edit", worded: true, change: (one) => replaceAll(one, wanted, by) });
        say(text.editor.replaced(found.length));
        setWanted("");
      }}
    >
      <input
        className="input" data-size="small" aria-label={text.editor.findWhat} placeholder={text.editor.findWhat}
        value={wanted} ref={first}
        onChange={(event) => {
          setWanted(event.target.value);
          const place = matches(history.present, event.target.value)[0];
          if (place) {
            dispatch({ do: "select", place });
            document.getElementById(wordId(place.cue, place.word))?.scrollIntoView({ block: "nearest" });
          }
        }}
      />
      <input
        className="input" data-size="small" aria-label={text.editor.replaceWith} placeholder={text.editor.replaceWith}
        value={by} onChange={(event) => setBy(event.target.value)}
      />
      <span className="tiny muted number" role="status">{wanted && text.editor.found(found.length)}</span>
      <Button type="submit" size="small" disabled={!found.length || !by.trim()}>{text.editor.replaceAll}</Button>
    </form>
  );
}
