import { useEffect, useRef, useState, type CSSProperties } from "react";
import { api, body, type Render } from "../api/client.ts";
import { follow } from "../api/events.ts";
import { missing } from "../api/missing.ts";
import { BUSY } from "../api/queries.ts";
import { failing, told } from "../api/told.ts";
import { bytes, clock, timeLeft } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Dialog, Progress } from "../ui/controls.tsx";
import { Icon } from "../ui/Icon.tsx";
import { useDesk } from "./context.ts";
import { createPlayer } from "./player.ts";
import { Transport } from "./Transport.tsx";

/** One export: how far it is, or what came of it, with its picture where it is `pictured`. */
export function RenderRow({ first, pictured, onOver }: { first: Render; pictured: boolean; onOver: () => void }) {
  const text = useText();
  const { player } = useDesk();
  const [heard, setHeard] = useState<Render | null>(null);
  const [note, setNote] = useState("");
  const [showable, setShowable] = useState(true);
  const [watching, setWatching] = useState(false);
  const render = heard && BUSY.has(first.state) ? heard : first;
  const over = useRef(onOver);
  over.current = onOver;

  useEffect(() => {
    if (!BUSY.has(first.state)) return;
    return follow<Render>(`/api/v1/renders/${first.id}/events`, (job, ended) => {
      setHeard(job);
      if (ended) over.current();
    });
  }, [first.id, first.state]);

  const { progress, result } = render;
  const busy = BUSY.has(render.state);
  const what = { mp4: "MP4", "webm-alpha": "WebM", "mov-alpha": "ProRes" }[render.output.format ?? "mp4"];
  const download = `/api/v1/renders/${render.id}/download`;
  const film = pictured && result && showable ? download : null;

  function watch() {
    player.shuttle(0);
    setWatching(true);
  }

  async function cancel() {
    try {
      setHeard(await body(api.DELETE("/api/v1/renders/{render_id}", { params: { path: { render_id: render.id } } })));
      over.current();
    } catch (error) {
      setNote(failing(error, text));
    }
  }

  async function copy() {
    const stop = new AbortController();
    try {
      const answer = await fetch(download, { signal: stop.signal });
      stop.abort();
      await navigator.clipboard.writeText(answer.url);
      setNote(text.export.copied);
    } catch (error) {
      setNote(failing(error, text));
    }
  }

  return (
    <li className="render" data-state={render.state} data-render={render.id}>
      {film && <Poster film={film} length={result?.duration ?? 0} onWatch={watch} onNone={() => setShowable(false)} />}
      <p className="render-head">
        <b>{what}{render.output.height ? ` · ${render.output.height}` : result ? ` · ${result.height}` : ""}</b>
        <span className="small muted number">
          {busy ? (progress?.total ? [timeLeft(progress.eta, text.time), `${Math.floor((progress.frame / progress.total) * 100)}%`].filter(Boolean).join(" · ") : "")
            : result ? `${clock(result.duration)} · ${bytes(result.size)}`
            : render.state === "cancelled" ? text.export.cancelled : text.export.failed}
        </span>
      </p>
      {busy && (
        <>
          <Progress part={progress ? progress.frame / Math.max(1, progress.total) : 0} label={text.export.title} />
          <p className="tiny muted number" role="status">
            {progress && progress.total > 0
              ? `${text.export.frames(progress.frame, progress.total)} · ${text.export.speed(progress.speed)}`
              : text.export.queued}
          </p>
          <p className="row">
            <span className="tiny muted">{text.export.leave}</span>
            <Button size="small" kind="quiet" onClick={() => void cancel()}>{text.export.cancel}</Button>
          </p>
        </>
      )}
      {render.state === "failed" && <p className="tiny fault">{render.error && told(render.error, text)}</p>}
      {render.state === "succeeded" && (
        <p className="row">
          <a className="button" data-kind="primary" data-size="small" href={download} download="">{text.export.download}</a>
          <Button size="small" kind="quiet" icon="link" onClick={() => void copy()}>{text.export.copy}</Button>
        </p>
      )}
      {missing(result?.notes ?? [], text).map((lost) => <p className="tiny muted" key={lost}>{lost}</p>)}
      {note && <p className="tiny muted" role="status">{note}</p>}
      {watching && result && (
        <WatchDialog film={download} width={result.width} height={result.height} duration={result.duration} onClose={() => setWatching(false)} />
      )}
    </li>
  );
}

/** A frame from the middle, which opens the whole; the browser says `onNone` where it cannot play it. */
function Poster(props: { film: string; length: number; onWatch: () => void; onNone: () => void }) {
  const text = useText();
  return (
    <button type="button" className="render-poster" aria-label={text.export.watch} title={text.export.watch} onClick={props.onWatch}>
      <video src={`${props.film}#t=${(props.length / 2).toFixed(2)}`} preload="metadata" muted playsInline tabIndex={-1} aria-hidden="true" onError={props.onNone} />
      <Icon name="play" />
    </button>
  );
}

/** The export as it was made. */
function WatchDialog(props: { film: string; width: number; height: number; duration: number; onClose: () => void }) {
  const text = useText();
  const media = useRef<HTMLVideoElement>(null);
  const whole = useRef<HTMLElement>(null);
  const [player] = useState(() => createPlayer(props.duration, 25));
  useEffect(() => {
    player.attach(media.current);
    player.toggle();
    whole.current?.querySelector<HTMLElement>(".play")?.focus();
    return () => player.end();
  }, [player]);
  return (
    <Dialog title={text.export.watch} onClose={props.onClose}>
      <section className="film" ref={whole} aria-label={text.editor.playback}>
        <div className="film-frame" style={{ "--ratio": props.width / props.height } as CSSProperties}>
          <video ref={media} src={props.film} playsInline preload="auto" aria-label={text.export.watch} onClick={player.toggle} />
        </div>
        <Transport player={player} duration={props.duration} />
      </section>
    </Dialog>
  );
}
