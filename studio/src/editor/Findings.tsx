import type { Finding } from "../api/client.ts";
import { useText, type Text } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { cueAt } from "./document.ts";
import { repair } from "./edits.ts";

/** A finding in the person's language, with its number and its limit. */
export function told(finding: Finding, text: Text): string {
  const sentence = (text.findings as Record<string, unknown>)[finding.code] as ((value: number, limit: number) => string) | undefined;
  return sentence ? sentence(finding.value, finding.limit) : finding.message;
}

/** What stands beside a caption itself: of what can be repaired or not be read, the first. */
export function foremost(findings: readonly Finding[] | undefined): Finding | undefined {
  const own = findings?.filter((one) => one.code !== "contrast_unknown" && (one.repair || one.severity === "error"));
  return own?.find((one) => one.repair) ?? own?.[0];
}

/** `settled`: the document is the one that was looked at, so that the repair fits it. */
export function FindingNote({ finding, settled }: { finding: Finding; settled: boolean }) {
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

export function Findings({ findings, settled }: { findings: readonly Finding[]; settled: boolean }) {
  const { history, dispatch, player } = useDesk();
  const text = useText();
  const patches = findings.flatMap((one) => (one.repair ? [one.repair] : []));
  if (!findings.length) return <p className="none muted">{text.findings.none}</p>;
  return (
    <div className="finding-list">
      {patches.length > 1 && (
        <Button
          kind="outline"
          disabled={!settled}
          onClick={() => dispatch({ do: "edit", change: (one) => patches.reduce(repair, one) })}
        >
          {text.findings.fixAll(patches.length)}
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
