import { useMemo, useState } from "react";
import type { Transcript } from "../api/client.ts";
import { kept } from "../kept.ts";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { notedBy, type Note } from "./notes.ts";

/** The notes on the script by the cue after which each stands; dismissed ones stay away on this device. */
export function useScriptNotes(transcript: Transcript | null, uncertain: ReadonlySet<string>) {
  const { history, video } = useDesk();
  const name = `notes.${video.id}`;
  const [dismissed, setDismissed] = useState(() => kept.read<string[]>(name) ?? []);
  const scenario = history.present;
  const byCue = useMemo(
    () => notedBy(scenario, transcript, uncertain, new Set(dismissed)),
    [scenario, transcript, uncertain, dismissed],
  );
  function dismiss(key: string) {
    const next = [...dismissed, key];
    kept.write(name, next);
    setDismissed(next);
  }
  return { byCue, dismiss };
}

export function ScriptNote({ note, onDismiss }: { note: Note; onDismiss: () => void }) {
  const { player } = useDesk();
  const text = useText();
  return (
    <li className="script-note">
      <button type="button" className="script-place" onClick={() => player.seekFrame(note.start)}>
        <span>{text.script.notes[note.code]}</span> <q>{note.text}</q>
      </button>
      <Button kind="quiet" size="small" icon="close" aria-label={text.script.dismiss} onClick={onDismiss} />
    </li>
  );
}
