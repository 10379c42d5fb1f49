import { memo, useEffect, useRef, type KeyboardEvent } from "react";
import { flushSync } from "react-dom";
import type { Finding } from "../api/client.ts";
import { clock } from "../format.ts";
import { useText } from "../text/index.tsx";
import { useDesk } from "./context.ts";
import type { Cue, Speaker } from "./document.ts";
import { mergeBefore, retype } from "./edits.ts";
import { FindingNote, foremost } from "./Findings.tsx";
import { wordId } from "./ids.ts";
import { SpeakerMenu } from "./SpeakerMenu.tsx";
import { wordKey } from "./uncertain.ts";

export const CueView = memo(function CueView(props: {
  cue: Cue;
  speaker: Speaker | undefined;
  headed: boolean;
  selected: number;
  first: boolean;
  editing: boolean;
  uncertain: ReadonlySet<string>;
  findings: readonly Finding[] | undefined;
  settled: boolean;
}) {
  const { cue, selected } = props;
  const text = useText();
  const finding = foremost(props.findings);
  // one caption is on the way of the Tab key, however many there are
  const onTheWay = selected >= 0 || props.first ? 0 : -1;
  return (
    <li
      className="cue-row"
      data-cue={cue.id}
      data-kind={cue.kind}
      data-selected={selected >= 0 || undefined}
      data-headed={props.headed || undefined}
    >
      {props.headed && (
        <p className="cue-head">
          {cue.kind === "speech" ? (
            <SpeakerMenu cue={cue} speaker={props.speaker} tabIndex={onTheWay} />
          ) : (
            <span className="cue-sound">{text.editor.sound}</span>
          )}
          <span className="cue-time number">{clock(cue.start, true)}</span>
        </p>
      )}
      <p className="cue-words" dir="auto">
        {cue.words.map((word, index) => {
          const here = index === selected;
          if (here && props.editing)
            return <WordInput key="input" cue={cue.id} word={index} value={word.text} />;
          const hidden = word.style?.hidden === true;
          const doubtful = props.uncertain.has(wordKey(word.text, word.start));
          return [
            <span
              key={index}
              id={wordId(cue.id, index)}
              className="word"
              role="button"
              tabIndex={here || (props.first && index === 0) ? 0 : -1}
              aria-pressed={here}
              data-word={index}
              data-hidden={hidden || undefined}
              data-strong={word.style?.scale != null || undefined}
              data-uncertain={doubtful || undefined}
            >
              {word.text}
              {hidden && <span className="unseen"> ({text.editor.hiddenWord})</span>}
              {doubtful && <span className="unseen"> ({text.editor.uncertainWord})</span>}
            </span>,
            " ",
          ];
        })}
      </p>
      {finding && <FindingNote finding={finding} settled={props.settled} tabIndex={onTheWay} />}
    </li>
  );
});

/** Where the caret is to stand when the input for the next word opens. */
let caret: "all" | number = "all";

function WordInput(props: { cue: string; word: number; value: string }) {
  const { dispatch } = useDesk();
  const text = useText();
  const input = useRef<HTMLInputElement>(null);
  const done = useRef(false);
  const place = { cue: props.cue, word: props.word };

  useEffect(() => {
    const shown = input.current;
    if (!shown) return;
    done.current = false;
    shown.value = props.value;
    shown.focus();
    if (caret === "all") shown.select();
    else shown.setSelectionRange(caret, caret);
    caret = "all";
    fit(shown);
  }, [props.cue, props.word, props.value]);

  function finish(value: string, next?: { word: number; caret: "all" | number }) {
    if (done.current) return;
    done.current = true;
    if (next) caret = next.caret;
    const select = next ? { cue: props.cue, word: next.word } : place;
    dispatch({ do: "edit", worded: true, change: (one) => retype(one, place, value), select, editing: next != null });
    if (!next) refocus(props.cue, props.word);
  }

  const latest = useRef(finish);
  latest.current = finish;
  useEffect(() => {
    // at once, for the page goes: what is written is among the edits that are kept on the device
    const leave = () => {
      const value = input.current?.value ?? "";
      if (value.trim()) flushSync(() => latest.current(value));
    };
    window.addEventListener("pagehide", leave);
    return () => window.removeEventListener("pagehide", leave);
  }, []);

  function pressed(event: KeyboardEvent<HTMLInputElement>) {
    const { value, selectionStart, selectionEnd } = event.currentTarget;
    const at = selectionStart ?? 0;
    event.stopPropagation();
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Enter") finish(value);
    else if (event.key === "Escape") {
      done.current = true;
      dispatch({ do: "select", place });
      refocus(props.cue, props.word);
    } else if (event.key === "Tab") {
      const parts = Math.max(1, value.trim().split(/\s+/).length);
      const to = event.shiftKey ? props.word - 1 : props.word + parts;
      if (to < 0) return finish(value);
      finish(value, { word: to, caret: "all" });
    } else if (event.key === " " && at > 0 && at < value.length) {
      finish(`${value.slice(0, at)} ${value.slice(at)}`, { word: props.word + 1, caret: 0 });
    } else if (event.key === "Backspace" && at === 0 && selectionEnd === 0 && props.word > 0) {
      done.current = true;
      const before = document.getElementById(wordId(props.cue, props.word - 1));
      caret = (before?.firstChild?.textContent ?? "").length;
      dispatch({
        do: "edit",
        worded: true,
        change: (one) => mergeBefore(retype(one, place, value), place),
        select: { cue: props.cue, word: props.word - 1 },
        editing: true,
      });
    } else return;
    event.preventDefault();
  }

  return (
    <input
      ref={input}
      className="word-input"
      defaultValue={props.value}
      aria-label={text.editor.editing}
      data-word={props.word}
      spellCheck
      onInput={(event) => fit(event.currentTarget)}
      onKeyDown={pressed}
      onBlur={(event) => finish(event.currentTarget.value)}
    />
  );
}

function fit(input: HTMLInputElement) {
  input.style.width = "2ch";
  input.style.width = `${Math.max(input.scrollWidth + 2, 24)}px`;
}

/** The word itself has the focus again once its input is gone. */
function refocus(cue: string, word: number) {
  requestAnimationFrame(() => document.getElementById(wordId(cue, word))?.focus({ preventScroll: true }));
}
