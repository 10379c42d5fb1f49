import { useEffect, useRef, useState, useSyncExternalStore, type CSSProperties } from "react";
import { api, body, type Analysis, type Video } from "../api/client.ts";
import { failing, told } from "../api/told.ts";
import { timeLeft } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Failure, Progress } from "../ui/controls.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Shell } from "../ui/Shell.tsx";
import { ScriptDialog } from "../upload/ScriptDialog.tsx";
import { asked, NO_WORDING, type Wording } from "../upload/wording.ts";
import { Link } from "wouter";
import { usePlayingKeys } from "./keys.tsx";
import type { Player } from "./player.ts";
import { SourceVideo } from "./SourceVideo.tsx";
import { Transport } from "./Transport.tsx";

/** A video without captions yet: what is being done to get them, or why there are none. */
export function Hearing(props: {
  video: Video;
  player: Player;
  analysis: Analysis | null;
  failed: boolean;
  onRestart: (analysis: Analysis) => void;
}) {
  const { video, analysis } = props;
  const text = useText();
  const [fault, setFault] = useState("");
  const [asking, setAsking] = useState(false);
  const left = useLeft(analysis);
  const refused = video.state === "refused";
  const over = refused || analysis?.state === "failed" || analysis?.state === "cancelled" || props.failed;
  const title = refused ? text.analysis.refusedTitle : over ? text.analysis.failedTitle : text.analysis.title;
  const problem = refused ? video.refusal : analysis?.error;
  const why = !refused && analysis?.state === "cancelled" ? text.analysis.cancelled : problem && told(problem, text);
  const stage = analysis?.state === "running" ? (analysis.stage ?? "") : analysis?.state === "succeeded" ? "" : "queued";
  const stageName = video.state === "checking" && stage === "queued"
    ? (text.analysis.stages["probe"] ?? "")
    : (text.analysis.stages[stage] ?? text.analysis.working);
  const path = { video_id: video.id };

  async function ask(work: () => Promise<Analysis>) {
    setFault("");
    try {
      props.onRestart(await work());
    } catch (error) {
      setFault(failing(error, text));
    }
  }

  const listen = (wording: Wording) =>
    void ask(() => body(api.POST("/api/v1/videos/{video_id}/analysis", { params: { path }, body: asked(wording) })));

  return (
    <Shell>
      <main className="page hearing">
        <nav className="trail" aria-label={text.nav.videos}>
          <Link href="/" className="back">← {text.nav.back}</Link>
          <span aria-hidden="true">/</span>
          <span title={video.filename}>{video.filename}</span>
        </nav>
        {refused ? <span className="mark"><Icon name="film" /></span> : <BareFilm video={video} player={props.player} />}
        <header>
          <h1>{title}</h1>
          {over ? <p className="muted">{why}</p> : <p className="muted">{text.analysis.lead}</p>}
        </header>
        {!over && (
          <div className="hearing-work">
            <Progress part={analysis?.progress ?? 0} label={text.analysis.title} />
            <p className="hearing-line" role="status">
              <span>{stageName}</span>
              <span className="muted number">
                {Math.round((analysis?.progress ?? 0) * 100)}%{left && ` · ${left}`}
              </span>
            </p>
            <Button
              kind="outline"
              onClick={() => void ask(() => body(api.DELETE("/api/v1/videos/{video_id}/analysis", { params: { path } })))}
            >
              {text.analysis.cancel}
            </Button>
          </div>
        )}
        {refused && <p><Link href="/" className="button" data-kind="outline">{text.errors.toVideos}</Link></p>}
        {over && !refused && (
          <p className="row">
            <Button kind={problem?.code === "media_refused" ? "outline" : "primary"} onClick={() => listen(NO_WORDING)}>{text.analysis.again}</Button>
            <Button kind="outline" onClick={() => setAsking(true)}>{text.script.with}</Button>
          </p>
        )}
        {fault && <Failure message={fault} />}
        {asking && (
          <ScriptDialog
            wording={NO_WORDING}
            action={text.analysis.again}
            onUse={(wording) => {
              setAsking(false);
              listen(wording);
            }}
            onClose={() => setAsking(false)}
          />
        )}
      </main>
    </Shell>
  );
}

/** The film without captions, once it is known to be one. */
function BareFilm({ video, player }: { video: Video; player: Player }) {
  const text = useText();
  const state = useSyncExternalStore(player.subscribe, player.state);
  const ready = video.state === "ready";
  usePlayingKeys(player);
  return (
    <section className="film" aria-label={text.editor.playback}>
      <div className="film-room">
        {ready ? (
          <div className="film-frame" style={{ "--ratio": (video.width ?? 16) / (video.height ?? 9) } as CSSProperties}>
            <SourceVideo video={video} player={player} />
            {state.failed && <p className="film-note">{text.editor.cannotPlay}</p>}
          </div>
        ) : (
          <Icon name="film" />
        )}
      </div>
      {ready && <Transport player={player} duration={video.duration ?? 0} />}
    </section>
  );
}

/** How long it will go on, by how fast it went since the page saw it run. */
function useLeft(analysis: Analysis | null): string {
  const text = useText();
  const first = useRef<{ at: number; part: number } | null>(null);
  const [left, setLeft] = useState("");
  const part = analysis?.state === "running" ? analysis.progress : 0;
  useEffect(() => {
    if (!part) return;
    first.current ??= { at: performance.now(), part };
    const done = part - first.current.part;
    const took = (performance.now() - first.current.at) / 1000;
    setLeft(done > 0.03 && took > 1 ? timeLeft(((1 - part) / done) * took, text.time) : "");
  }, [part, text]);
  return left;
}
