import { useText } from "../text/index.tsx";
import { Button, Dialog } from "../ui/controls.tsx";
import type { Cue, Scenario } from "./document.ts";

const SHOWN = 12;

const said = (cue: Cue | undefined) => cue?.words.map((word) => word.text).join(" ");

/** Two versions of the same captions: what differs, and the choice between them. */
export function Conflict(props: {
  mine: Scenario;
  theirs: Scenario;
  onMine: () => void;
  onTheirs: () => void;
}) {
  const text = useText();
  const rows = differing(props.mine, props.theirs);
  return (
    <Dialog
      title={text.conflict.title}
      closable={false}
      onClose={() => {}}
      footer={
        <>
          <Button kind="outline" onClick={props.onTheirs}>{text.conflict.takeTheirs}</Button>
          <Button kind="primary" onClick={props.onMine}>{text.conflict.keepMine}</Button>
        </>
      }
    >
      <p className="muted">{text.conflict.lead}</p>
      {rows.length === 0 ? (
        <p>{text.conflict.onlyLook}</p>
      ) : (
        <table className="versions">
          <thead>
            <tr><th scope="col">{text.conflict.mine}</th><th scope="col">{text.conflict.theirs}</th></tr>
          </thead>
          <tbody>
            {rows.slice(0, SHOWN).map(([mine, theirs], index) => (
              <tr key={index}>
                <td>{mine ?? <i className="muted">{text.conflict.gone}</i>}</td>
                <td>{theirs ?? <i className="muted">{text.conflict.gone}</i>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > SHOWN && <p className="muted small">{text.conflict.moreRows(rows.length - SHOWN)}</p>}
    </Dialog>
  );
}

/** The captions whose words differ, as they are in each. */
function differing(mine: Scenario, theirs: Scenario): [string | undefined, string | undefined][] {
  const others = new Map(theirs.cues.map((cue) => [cue.id, cue]));
  const ids = new Set([...mine.cues, ...theirs.cues].map((cue) => cue.id));
  const own = new Map(mine.cues.map((cue) => [cue.id, cue]));
  return [...ids]
    .map((id): [string | undefined, string | undefined] => [said(own.get(id)), said(others.get(id))])
    .filter(([a, b]) => a !== b);
}
