import { useRef, useState } from "react";
import { timeLeft } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Progress } from "../ui/controls.tsx";
import { ScriptDialog } from "./ScriptDialog.tsx";
import { discard, pause, resume, reword, takeAgain, uploads, type Upload } from "./uploads.ts";
import { has } from "./wording.ts";

/** An upload at work: how far, and what can be done about it. */
export function UploadWork({ upload, onDone }: { upload: Upload; onDone: () => void }) {
  const text = useText();
  const [fault, setFault] = useState("");
  const [wording, setWording] = useState<{ goesOn: boolean } | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const part = upload.size ? upload.sent / upload.size : 0;
  const percent = Math.floor(part * 100);
  const here = uploads.hasFile(upload.id);

  const said =
    upload.state === "sending"
      ? text.upload.sending(percent, timeLeft(upload.left, text.time))
      : upload.state === "finishing"
        ? text.upload.finishing
        : upload.state === "failed"
          ? upload.error
          : upload.error === "broken"
            ? text.upload.broken
            : here
              ? text.upload.paused(percent)
              : text.upload.againHint(upload.name);

  return (
    <>
      <Progress part={part} label={upload.name} />
      <p className={`tiny ${upload.state === "failed" || fault ? "fault" : "muted"}`} role="status">
        {fault || said}
      </p>
      <div className="row">
        {upload.state === "sending" && (
          <Button size="small" onClick={() => pause(upload.id)}>{text.upload.pause}</Button>
        )}
        {(upload.state === "paused" || upload.state === "failed") && here && (
          <Button size="small" kind="primary" onClick={() => resume(upload.id, onDone)}>
            {text.upload.resume}
          </Button>
        )}
        {upload.state === "paused" && !here && (
          <>
            <Button size="small" kind="primary" onClick={() => picker.current?.click()}>
              {text.upload.again}
            </Button>
            <input
              ref={picker}
              type="file"
              hidden
              aria-label={text.upload.again}
              data-testid="again"
              onChange={(event) => {
                const file = event.target.files?.[0];
                event.target.value = "";
                if (!file) return;
                setFault(takeAgain(upload.id, file, onDone) ? "" : text.upload.notSame(upload.name));
              }}
            />
          </>
        )}
        {upload.state !== "finishing" && (
          <Button
            size="small"
            kind="quiet"
            {...(has(upload.wording) ? { icon: "check" as const } : {})}
            onClick={() => {
              // held meanwhile, or it would be heard without
              if (upload.state === "sending") pause(upload.id);
              setWording({ goesOn: here && upload.state !== "paused" });
            }}
          >
            {text.script.mine}
          </Button>
        )}
        {upload.state !== "finishing" && (
          <Button size="small" kind="quiet" onClick={() => void discard(upload.id).then(onDone)}>
            {text.upload.giveUp}
          </Button>
        )}
      </div>
      {wording && (
        <ScriptDialog
          wording={upload.wording}
          action={text.script.use}
          onUse={(next) => {
            reword(upload.id, next);
            setWording(null);
            if (wording.goesOn) resume(upload.id, onDone);
          }}
          onClose={() => {
            setWording(null);
            if (wording.goesOn && upload.state === "paused") resume(upload.id, onDone);
          }}
        />
      )}
    </>
  );
}
