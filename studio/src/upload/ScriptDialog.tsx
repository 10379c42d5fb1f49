import { useRef, useState } from "react";
import { useText } from "../text/index.tsx";
import { Button, Dialog, Field } from "../ui/controls.tsx";
import { faultOf, MOST_SCRIPT, termsOf, type Wording } from "./wording.ts";

/** Asks for the script and the names that a video is to be heard by. `action`: what is done with them. */
export function ScriptDialog(props: {
  wording: Wording;
  action: string;
  onUse: (wording: Wording) => void;
  onClose: () => void;
}) {
  const text = useText();
  const [script, setScript] = useState(props.wording.script);
  const [lines, setLines] = useState(props.wording.terms.join("\n"));
  const picker = useRef<HTMLInputElement>(null);
  const terms = termsOf(lines);
  const fault = faultOf(terms);
  const why = script.length > MOST_SCRIPT ? text.script.tooLong(script.length)
    : fault?.is === "many" ? text.script.manyTerms(fault.count)
    : fault?.is === "long" ? text.script.longTerm(fault.term)
    : fault ? text.script.oddTerm(fault.term) : "";
  return (
    <Dialog
      title={text.script.title}
      onClose={props.onClose}
      footer={
        <>
          <Button kind="quiet" onClick={props.onClose}>{text.videos.cancel}</Button>
          <Button kind="primary" disabled={why !== ""} onClick={() => props.onUse({ script, terms })}>
            {props.action}
          </Button>
        </>
      }
    >
      <p className="muted small">{text.script.lead}</p>
      <Field label={text.script.script} hint={text.script.scriptHint}>
        {(id) => (
          <textarea
            id={id} className="input" rows={8} value={script} spellCheck={false} dir="auto"
            placeholder={text.script.scriptExample}
            onChange={(event) => setScript(event.target.value)}
          />
        )}
      </Field>
      <p>
        <Button size="small" icon="up" onClick={() => picker.current?.click()}>{text.script.open}</Button>
        <input
          ref={picker} type="file" accept=".txt,.srt,.vtt,text/plain" hidden aria-label={text.script.open}
          onChange={(event) => {
            const file = event.target.files?.[0];
            event.target.value = "";
            // four bytes are the most that a character takes
            if (file) void file.slice(0, 4 * MOST_SCRIPT + 4).text().then(setScript);
          }}
        />
      </p>
      <Field label={text.script.terms} hint={text.script.termsHint}>
        {(id) => (
          <textarea
            id={id} className="input" rows={3} value={lines} spellCheck={false} dir="auto"
            placeholder={text.script.termsExample}
            onChange={(event) => setLines(event.target.value)}
          />
        )}
      </Field>
      {why && <p className="fault" role="alert">{why}</p>}
    </Dialog>
  );
}
