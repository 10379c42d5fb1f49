import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api, body, type Output, type Render } from "../api/client.ts";
import { keys, useRenders, useUsage } from "../api/queries.ts";
import { failing } from "../api/told.ts";
import { newName } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Failure, Segments } from "../ui/controls.tsx";
import { useDesk } from "./context.ts";
import { useFocusBack } from "./focus.ts";
import { RenderRow } from "./RenderRow.tsx";

type Format = NonNullable<Output["format"]>;
type Quality = NonNullable<Output["quality"]>;
/** The newest exports that are shown with a picture: each is a file that the browser opens. */
const PICTURED = 6;
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

  const left = usage.data?.left;
  const spent = !left ? "" : left.renders_per_month <= 0 ? text.export.monthSpent : left.renders_per_day <= 0 ? text.export.daySpent : "";
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
        {spent ? <p className="notice">{spent}</p> : fault && <Failure message={fault} />}
        <Button kind="primary" size="large" aria-disabled={starting} disabled={spent !== ""} onClick={() => void start()}>
          {starting ? text.export.starting : text.export.start}
        </Button>
        <p className="tiny muted">
          {left && !spent && text.videos.left(Math.min(left.renders_per_day, left.renders_per_month))}
          {!props.settled && ` · ${text.export.unsaved}`}
        </p>
        {renders.data && renders.data.length > 0 && (
          <section className="export-list">
            <h3>{text.export.earlier}</h3>
            <ul>
              {renders.data.map((one, index) => <RenderRow key={one.id} first={one} pictured={index < PICTURED} onOver={refresh} />)}
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
