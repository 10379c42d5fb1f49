import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, body, type Output, type Render } from "../api/client.ts";
import { follow } from "../api/events.ts";
import { BUSY, keys, useRenders, useUsage } from "../api/queries.ts";
import { failing, told } from "../api/told.ts";
import { bytes, clock, newName, timeLeft } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Failure, Progress, Segments } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { useFocusBack } from "./focus.ts";

type Format = NonNullable<Output["format"]>;
type Quality = NonNullable<Output["quality"]>;
const HEIGHTS = [2160, 1440, 1080, 720, 480];

/** The export beside the film: what is wanted, what is at work, what is done. */
export function ExportPanel(props: { onClose: () => void; flush: () => Promise<void>; settled: boolean }) {
  const { video, height } = useDesk();
  const text = useText();
  const client = useQueryClient();
  const renders = useRenders(video.id);
  const usage = useUsage();
  const [format, setFormat] = useState<Format>("mp4");
  const [quality, setQuality] = useState<Quality>("standard");
  const [tall, setTall] = useState("");
  const [fault, setFault] = useState("");
  const [starting, setStarting] = useState(false);
  const title = useRef<HTMLHeadingElement>(null);
  useFocusBack();
  useEffect(() => title.current?.focus(), []);

  const refresh = () => {
    void client.invalidateQueries({ queryKey: keys.renders(video.id) });
    void client.invalidateQueries({ queryKey: keys.usage });
  };

  async function start() {
    if (starting) return;
    setFault("");
    setStarting(true);
    try {
      await props.flush();
      const output: Output = { format, quality, ...(tall ? { height: Number(tall) } : {}) };
      const render = await body(
        api.POST("/api/v1/renders", {
          params: { header: { "Idempotency-Key": newName() } },
          body: { video_id: video.id, output },
        }),
      );
      client.setQueryData<Render[]>(keys.renders(video.id), (known) => [render as Render, ...(known ?? [])]);
      refresh();
    } catch (error) {
      setFault(failing(error, text));
    }
    setStarting(false);
  }

  const heights = HEIGHTS.filter((one) => one < height);
  const options: [Format, string, string][] = [
    ["mp4", text.export.mp4, text.export.mp4Hint],
    ["webm-alpha", text.export.webm, text.export.aloneHint],
    ["mov-alpha", text.export.mov, text.export.aloneHint],
  ];
  return (
    <aside className="export" tabIndex={-1} aria-labelledby="export-title" onKeyDown={(event) => { if (event.key === "Escape") { event.stopPropagation(); props.onClose(); } }}>
      <header className="panel-head">
        <h2 id="export-title" ref={title} tabIndex={-1}>{text.export.title}</h2>
        <span className="space" />
        <Button kind="quiet" icon="close" aria-label={text.export.close} onClick={props.onClose} />
      </header>
      <div className="export-body">
        <fieldset className="choices">
          <legend className="unseen">{text.export.format}</legend>
          {options.map(([value, label, hint]) => (
            <label key={value} className="choice">
              <input type="radio" name="format" checked={format === value} onChange={() => setFormat(value)} />
              <span><b>{label}</b><span className="tiny muted">{hint}</span></span>
            </label>
          ))}
        </fieldset>
        <div className="field">
          <span className="label">{text.export.quality}</span>
          <Segments<Quality>
            label={text.export.quality}
            value={quality}
            options={[["draft", text.export.draft], ["standard", text.export.standard], ["high", text.export.high]]}
            onChange={setQuality}
          />
        </div>
        <div className="field">
          <label htmlFor="export-height">{text.export.height}</label>
          <select id="export-height" className="input select" value={tall} onChange={(event) => setTall(event.target.value)}>
            <option value="">{`${text.export.source} (${height})`}</option>
            {heights.map((one) => <option key={one} value={one}>{one}</option>)}
          </select>
        </div>
        {fault && <Failure message={fault} />}
        <Button kind="primary" size="large" aria-disabled={starting} onClick={() => void start()}>
          {starting ? text.export.starting : text.export.start}
        </Button>
        <p className="tiny muted">
          {usage.data && text.videos.left(usage.data.left.renders_per_day)}
          {!props.settled && ` · ${text.export.unsaved}`}
        </p>
        {renders.data && renders.data.length > 0 && (
          <section className="export-list">
            <h3>{text.export.earlier}</h3>
            <ul>
              {renders.data.map((one) => <RenderRow key={one.id} first={one} onOver={refresh} />)}
            </ul>
          </section>
        )}
        <section className="export-files">
          <h3>{text.export.files}</h3>
          <p className="tiny muted">{text.export.filesHint}</p>
          <p className="row">
            {(["srt", "vtt", "ass"] as const).map((kind) => (
              <a key={kind} className="button" data-size="small" href={`/api/v1/videos/${video.id}/captions.${kind}`} download={`${video.filename.replace(/\.[^.]+$/, "")}.${kind}`}>
                {kind.toUpperCase()}
              </a>
            ))}
          </p>
        </section>
      </div>
    </aside>
  );
}

function RenderRow({ first, onOver }: { first: Render; onOver: () => void }) {
  const text = useText();
  const [heard, setHeard] = useState<Render | null>(null);
  const [note, setNote] = useState("");
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
      <p className="render-head">
        <b>{what}{render.output.height ? ` · ${render.output.height}` : result ? ` · ${result.height}` : ""}</b>
        <span className="small muted number">
          {busy ? (render.state === "running" && progress ? `${Math.floor((progress.frame / Math.max(1, progress.total)) * 100)}%` : text.export.queued)
            : result ? `${clock(result.duration)} · ${bytes(result.size)}`
            : render.state === "cancelled" ? text.export.cancelled : text.export.failed}
        </span>
      </p>
      {busy && (
        <>
          <Progress part={progress ? progress.frame / Math.max(1, progress.total) : 0} label={text.export.title} />
          <p className="tiny muted number" role="status">
            {progress && progress.total > 0
              ? [text.export.frames(progress.frame, progress.total), text.export.speed(progress.speed), timeLeft(progress.eta, text.time)].filter(Boolean).join(" · ")
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
      {note && <p className="tiny muted" role="status">{note}</p>}
    </li>
  );
}
