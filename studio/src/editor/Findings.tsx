import { useEffect, useState } from "react";
import type { Finding } from "../api/client.ts";
import { useText, type Text } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { cueAt } from "./document.ts";
import { repair, together } from "./repairs.ts";

type Sentence = (value: number, limit: number) => string;

/** A finding in the person's language, with its number and its limit. */
export function told(finding: Finding, text: Text): string {
  const sentences: Record<Finding["code"], Sentence> = text.findings;
  // a server newer than this page may know more
  return finding.code in sentences ? sentences[finding.code](finding.value, finding.limit) : finding.message;
}

/** What stands beside a caption itself: of what can be repaired or not be read, the first. */
export function foremost(findings: readonly Finding[] | undefined): Finding | undefined {
  const own = findings?.filter((one) => one.code !== "contrast_unknown" && (one.repair || one.severity === "error"));
  return own?.find((one) => one.repair) ?? own?.[0];
}

/** `settled`: the document is the one that was looked at, so that the repair fits it. */
export function FindingNote({ finding, settled, tabIndex = 0 }: { finding: Finding; settled: boolean; tabIndex?: 0 | -1 }) {
  const { dispatch, say } = useDesk();
  const text = useText();
  const patch = finding.repair;
  return (
    <div className="finding" data-severity={finding.severity}>
      <p>{told(finding, text)}</p>
      {patch && (
        <Button
          size="small"
          kind="outline"
          disabled={!settled}
          tabIndex={tabIndex}
          onClick={(event) => {
            event.stopPropagation();
            dispatch({ do: "edit", change: (one) => repair(one, patch) });
            say(text.editor.saving);
          }}
        >
          {text.findings.fix}
        </Button>
      )}
    </div>
  );
}

const PASSES = 20;

/**
 * Makes every repair: those that do not meet at once, then those that are offered after them, all
 * as one step to undo.
 */
function useFixingAll(findings: readonly Finding[], settled: boolean): [boolean, () => void] {
  const { history, dispatch } = useDesk();
  const [passes, setPasses] = useState(0);
  const scenario = history.present;
  useEffect(() => {
    if (!passes || !settled) return;
    const patches = together(scenario, findings);
    setPasses(patches.length ? passes - 1 : 0);
    if (patches.length)
      dispatch({ do: "edit", group: "fix all", change: (one) => (one === scenario ? patches.reduce(repair, one) : one) });
  }, [passes, settled, findings, scenario, dispatch]);
  return [passes > 0, () => setPasses(PASSES)];
}

export function Findings({ findings, settled }: { findings: readonly Finding[]; settled: boolean }) {
  const { history, dispatch, player } = useDesk();
  const text = useText();
  const [fixing, fixAll] = useFixingAll(findings, settled);
  const repairs = findings.filter((one) => one.repair).length;
  if (!findings.length) return <p className="none muted">{text.findings.none}</p>;
  return (
    <div className="finding-list">
      {(repairs > 1 || fixing) && (
        <Button kind="outline" disabled={!settled || fixing} onClick={fixAll}>
          {text.findings.fixAll(repairs)}
        </Button>
      )}
      <ul>
        {findings.map((one, index) => {
          const cue = cueAt(history.present, { cue: one.cue_id, word: 0 });
          return (
            <li key={index}>
              <button
                type="button"
                className="finding-place"
                onClick={() => {
                  dispatch({ do: "select", place: { cue: one.cue_id, word: 0 } });
                  if (cue) player.seekFrame(cue.start);
                }}
              >
                {cue?.words.map((word) => word.text).join(" ") ?? ""}
              </button>
              <FindingNote finding={one} settled={settled} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}
