import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useReducer, useRef, useState } from "react";
import { Link } from "wouter";
import { api, body, type Transcript as Heard, type Video } from "../api/client.ts";
import { useText } from "../text/index.tsx";
import { Button } from "../ui/controls.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Menu, MenuItem } from "../ui/Menu.tsx";
import { AccountMenu } from "../ui/Shell.tsx";
import { useAutosave, type SaveState, type Version } from "./autosave.ts";
import { Conflict } from "./Conflict.tsx";
import { DeskContext, type Desk } from "./context.ts";
import { equal } from "./edits.ts";
import { ExportPanel } from "./ExportPanel.tsx";
import { Film } from "./Film.tsx";
import { useKeptFocus } from "./focus.ts";
import { begin, reduce } from "./history.ts";
import { Inspector, type Tab } from "./Inspector.tsx";
import { KeysDialog, useKeys } from "./keys.tsx";
import type { Player } from "./player.ts";
import { useRetiming } from "./retiming.ts";
import { Timeline } from "./Timeline.tsx";
import { Transcript } from "./Transcript.tsx";
import { uncertainIn } from "./uncertain.ts";

interface Loaded {
  version: Version;
  transcript: Heard | null;
  draft: Version | null;
}

export function Editor({ video, loaded, player }: { video: Video; loaded: Loaded; player: Player }) {
  const text = useText();
  const { version, draft } = loaded;
  const [history, dispatch] = useReducer(reduce, version.scenario, (stored) => {
    const fresh = begin(stored);
    if (!draft || equal(draft.scenario, stored)) return fresh;
    return reduce(fresh, { do: "edit", change: () => draft.scenario });
  });
  const torn = draft != null && draft.etag !== version.etag && !equal(draft.scenario, version.scenario);
  const saving = useAutosave(video.id, version, torn ? version : null, history.present);
  const [tab, setTab] = useState<Tab>("look");
  const [panel, setPanel] = useState<"export" | "keys" | null>(null);
  const [line, say] = useState("");
  const whole = useRef<HTMLDivElement>(null);
  useKeptFocus(whole);
  const duration = video.duration ?? 0;

  const scenario = history.present;
  const lint = useQuery({
    queryKey: ["lint", video.id, saving.saved.etag],
    queryFn: async () =>
      (await body(api.GET("/api/v1/videos/{video_id}/lint", { params: { path: { video_id: video.id } } }))).items,
    placeholderData: (before) => before,
  });
  const findings = useMemo(() => lint.data ?? [], [lint.data]);
  const settled = saving.saved.scenario === scenario && lint.isSuccess && !lint.isPlaceholderData;
  const uncertain = useMemo(
    () => uncertainIn(scenario, loaded.transcript),
    [scenario, loaded.transcript],
  );

  const desk: Desk = useMemo(
    () => ({
      video, width: video.width ?? 1920, height: video.height ?? 1080, duration, history, dispatch, player, say,
    }),
    [video, duration, history, player],
  );
  const retiming = useRetiming(desk, video.has_audio === true && loaded.transcript != null);
  const openExport = useCallback(() => setPanel("export"), []);
  useKeys(desk, uncertain, findings, { onExport: openExport, onKeys: () => setPanel("keys"), onFinding: () => setTab("findings") });

  const name = video.filename.replace(/\.[^.]+$/, "");
  return (
    <DeskContext value={desk}>
      <div className="editor" ref={whole} data-panel={panel ?? undefined}>
        <header className="bar">
          <Link href="/" className="wordmark" aria-label={text.nav.back}><Logo /></Link>
          <nav className="crumbs" aria-label={text.nav.videos}>
            <Link href="/">{text.nav.videos}</Link>
            <span aria-hidden="true">/</span>
            <h1 title={video.filename}>{name}</h1>
          </nav>
          <SaveLine state={saving.state} />
          <span className="space" />
          <Button kind="quiet" icon="undo" data-kept="" aria-label={text.editor.undo} disabled={!history.past.length} onClick={() => dispatch({ do: "undo" })} />
          <Button kind="quiet" icon="redo" aria-label={text.editor.redo} disabled={!history.future.length} onClick={() => dispatch({ do: "redo" })} />
          <Button kind="quiet" icon="keyboard" aria-label={text.editor.keys} onClick={() => setPanel("keys")} />
          <CaptionFiles id={video.id} name={name} onOpen={() => void saving.flush()} />
          <Button kind="primary" aria-expanded={panel === "export"} onClick={() => setPanel(panel === "export" ? null : "export")}>
            {text.editor.export}
          </Button>
          <AccountMenu />
        </header>
        <Transcript heard={loaded.transcript} uncertain={uncertain} findings={findings} settled={settled} />
        <Film />
        <Inspector tab={tab} onTab={setTab} findings={findings} settled={settled} />
        <Timeline retiming={retiming} />
        {panel === "export" && <ExportPanel onClose={() => setPanel(null)} flush={saving.flush} settled={saving.saved.scenario === scenario} />}
        {panel === "keys" && <KeysDialog onClose={() => setPanel(null)} />}
        {saving.state.is === "conflict" && (
          <Conflict
            mine={scenario}
            theirs={saving.state.theirs.scenario}
            onMine={() => saving.state.is === "conflict" && saving.standOn(saving.state.theirs)}
            onTheirs={() => {
              if (saving.state.is !== "conflict") return;
              const { theirs } = saving.state;
              saving.standOn(theirs);
              dispatch({ do: "edit", change: () => theirs.scenario });
            }}
          />
        )}
        <p className="unseen" role="status">{line}</p>
      </div>
    </DeskContext>
  );
}

function Logo() {
  return (
    <svg viewBox="0 0 24 24" aria-hidden="true" fill="none" strokeLinecap="round">
      <path d="M3 15h4M9.5 15V8M14 15V4.5M18.5 15v-5M22 15v-1.5" stroke="var(--accent)" strokeWidth="2.4" />
      <path d="M3 20h19" stroke="var(--line-strong)" strokeWidth="1.8" />
    </svg>
  );
}

function SaveLine({ state }: { state: SaveState }) {
  const text = useText();
  const said = {
    saved: text.editor.saved,
    saving: text.editor.saving,
    edited: text.editor.unsaved,
    offline: text.editor.offline,
    failed: text.editor.saveFailed,
    conflict: text.editor.saveFailed,
  }[state.is];
  const bad = state.is === "failed" || state.is === "offline" || state.is === "conflict";
  return (
    <p className="save-line" data-bad={bad || undefined} data-state={state.is} role="status" title={state.is === "failed" ? state.why : undefined}>
      {said}
      {state.is === "failed" && <span className="save-why">: {state.why}</span>}
    </p>
  );
}

function CaptionFiles({ id, name, onOpen }: { id: string; name: string; onOpen: () => void }) {
  const text = useText();
  return (
    <span className="wide-only">
      <Menu trigger={<Button kind="outline" onClick={onOpen}>{text.editor.captionsFile}</Button>}>
        {(["srt", "vtt", "ass", "json"] as const).map((kind) => (
          <MenuItem key={kind} href={`/api/v1/videos/${id}/captions.${kind}`} download={`${name}.${kind}`}>
            <Icon name="down" /> {kind.toUpperCase()}
          </MenuItem>
        ))}
      </Menu>
    </span>
  );
}
