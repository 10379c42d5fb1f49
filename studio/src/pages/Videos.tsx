import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { Link, useLocation } from "wouter";
import sampleAddress from "../../../examples/speech.mp4?url";
import { api, body, type Video } from "../api/client.ts";
import { keys, useUsage, useVideos } from "../api/queries.ts";
import { failing } from "../api/told.ts";
import { bytes, clock } from "../format.ts";
import { useText } from "../text/index.tsx";
import { Button, Dialog, Failure, Progress } from "../ui/controls.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Menu, MenuItem } from "../ui/Menu.tsx";
import { PageHead } from "../ui/PageHead.tsx";
import { Shell } from "../ui/Shell.tsx";
import { videoType } from "../upload/parts.ts";
import { ScriptDialog } from "../upload/ScriptDialog.tsx";
import { begin, reconcile, uploads, type Upload } from "../upload/uploads.ts";
import { UploadWork } from "../upload/UploadWork.tsx";
import { has, NO_WORDING } from "../upload/wording.ts";
import { stateOf } from "./state.ts";

export function Videos() {
  const text = useText();
  const client = useQueryClient();
  const videos = useVideos();
  const sending = useSyncExternalStore(uploads.subscribe, uploads.list);
  const [fault, setFault] = useState("");
  const [doomed, setDoomed] = useState<Video | null>(null);
  const [wording, setWording] = useState(NO_WORDING);
  const [asking, setAsking] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const items = videos.data?.pages.flatMap((page) => page.items) ?? [];
  const refresh = () => void client.invalidateQueries({ queryKey: keys.videos });
  const [, go] = useLocation();
  const here = useRef(false);
  useEffect(() => {
    here.current = true;
    return () => { here.current = false; };
  }, []);

  /** Whoever waits for the one video that was added is taken to it. */
  function arrived(videoId: string) {
    refresh();
    const waiting = here.current && !document.querySelector("dialog[open], [role=menu]");
    if (waiting && uploads.list().length === 0) go(`/videos/${videoId}`);
  }

  useEffect(() => void reconcile().catch(() => null), []);

  async function take(files: readonly File[]) {
    setFault("");
    let brought = wording; // one script is one video's
    for (const file of files) {
      const type = videoType(file.name, file.type);
      if (!type) setFault(text.upload.notVideo(file.name));
      else if (file.size === 0) setFault(text.upload.empty(file.name));
      else
        try {
          await begin(file, type, brought, files.length === 1 ? arrived : refresh);
          brought = NO_WORDING;
          setWording(NO_WORDING);
        } catch (error) {
          setFault(failing(error, text));
        }
    }
    refresh();
  }

  async function takeSample() {
    const sample = await fetch(sampleAddress).then((answer) => answer.blob()).catch(() => null);
    if (sample) await take([new File([sample], "speech.mp4", { type: "video/mp4" })]);
    else setFault(text.errors.offline);
  }

  const empty = videos.isSuccess && items.length === 0;
  const over = useDropped(take);
  const choose = () => picker.current?.click();
  return (
    <Shell>
      <main className="page">
        <PageHead title={text.videos.title} lead={<Quota />}>
          {!empty && (
            <p className="row">
              <Button kind="outline" onClick={() => setAsking(true)}>{text.script.add}</Button>
              <Button kind="primary" icon="plus" onClick={choose}>{text.videos.add}</Button>
            </p>
          )}
        </PageHead>
        <input
          ref={picker}
          type="file"
          accept="video/*,.mkv,.mov"
          multiple
          hidden
          aria-label={text.videos.choose}
          data-testid="picker"
          onChange={(event) => {
            const files = [...(event.target.files ?? [])];
            event.target.value = "";
            void take(files);
          }}
        />
        {fault && <Failure message={fault} />}
        {has(wording) && (
          <div className="notice" role="status">
            <span>{text.script.next}</span>
            <span className="row">
              <Button size="small" kind="outline" onClick={() => setAsking(true)}>{text.editor.edit}</Button>
              <Button size="small" kind="outline" onClick={() => setWording(NO_WORDING)}>{text.script.without}</Button>
            </span>
          </div>
        )}
        {videos.isError && (
          <Failure
            message={failing(videos.error, text)}
            onAgain={() => void videos.refetch()}
          />
        )}
        {empty && (
          <section className="drop" data-empty data-over={over || undefined}>
            <span className="mark"><Icon name="up" /></span>
            <h2>{text.videos.emptyTitle}</h2>
            <p>{text.videos.emptyLead}</p>
            <div className="row">
              <Button kind="primary" size="large" icon="up" onClick={choose}>
                {text.videos.choose}
              </Button>
              <Button kind="outline" size="large" icon="play" onClick={() => void takeSample()}>
                {text.videos.sample}
              </Button>
            </div>
            <button type="button" className="link" onClick={() => setAsking(true)}>{text.script.haveOne}</button>
          </section>
        )}
        <ul className="grid">
          {items.map((video) => (
            <li key={video.id}>
              <VideoCard
                video={video}
                upload={sending.find((one) => one.videoId === video.id)}
                onDelete={() => setDoomed(video)}
                onSent={refresh}
              />
            </li>
          ))}
        </ul>
        {videos.hasNextPage && (
          <Button kind="outline" onClick={() => void videos.fetchNextPage()}>
            {text.videos.loadMore}
          </Button>
        )}
        {over && !empty && <div className="drop-over">{text.videos.dropNow}</div>}
        {asking && (
          <ScriptDialog
            wording={wording}
            action={text.script.chooseVideo}
            onUse={(next) => {
              setWording(next);
              setAsking(false);
              choose();
            }}
            onClose={() => setAsking(false)}
          />
        )}
        {doomed && <DeleteDialog video={doomed} onDone={() => { setDoomed(null); refresh(); }} />}
      </main>
    </Shell>
  );
}

/** Whether files are held over the page, which takes them when they are let go. */
function useDropped(take: (files: readonly File[]) => Promise<void>): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    let depth = 0;
    const has = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const on = {
      dragenter: (event: DragEvent) => has(event) && setOver(++depth > 0),
      dragleave: (event: DragEvent) => has(event) && setOver(--depth > 0),
      dragover: (event: DragEvent) => has(event) && event.preventDefault(),
      drop: (event: DragEvent) => {
        if (!has(event)) return;
        event.preventDefault();
        depth = 0;
        setOver(false);
        void latest.current([...(event.dataTransfer?.files ?? [])]);
      },
    };
    const entries = Object.entries(on) as [keyof typeof on, (event: DragEvent) => void][];
    for (const [name, heard] of entries) window.addEventListener(name, heard);
    return () => {
      for (const [name, heard] of entries) window.removeEventListener(name, heard);
    };
  }, []);
  return over;
}

function VideoCard(props: {
  video: Video;
  upload: Upload | undefined;
  onDelete: () => void;
  onSent: () => void;
}) {
  const text = useText();
  const { video } = props;
  const shown = stateOf(video, text);
  const name = video.filename.replace(/\.[^.]+$/, "");
  const opens = video.state === "ready" || video.state === "checking" || video.state === "refused";
  return (
    <article className="card" data-video={video.id}>
      <div className="poster">
        {video.poster_url ? <img src={video.poster_url} alt="" loading="lazy" /> : <Icon name="film" />}
        {video.duration != null && <span className="length">{clock(video.duration)}</span>}
        {shown.part != null && <Progress part={shown.part} label={shown.label} />}
      </div>
      <div className="about">
        <h2 className="name small" title={name}>
          {opens ? <Link href={`/videos/${video.id}`}>{name}</Link> : name}
        </h2>
        <div className="more">
          <Menu trigger={<Button kind="quiet" size="small" icon="more" aria-label={text.videos.more(name)} />}>
            <MenuItem danger onClick={props.onDelete}>
              <Icon name="trash" /> {text.videos.delete}
            </MenuItem>
          </Menu>
        </div>
        {!props.upload && (
          <p className="state" data-kind={shown.kind}>
            <span className="dot" />
            <span>{shown.label}</span>
          </p>
        )}
      </div>
      {props.upload && (
        <div className="work">
          <UploadWork upload={props.upload} onDone={props.onSent} />
        </div>
      )}
    </article>
  );
}

function DeleteDialog({ video, onDone }: { video: Video; onDone: () => void }) {
  const text = useText();
  const [fault, setFault] = useState("");
  async function remove() {
    try {
      await body(api.DELETE("/api/v1/videos/{video_id}", { params: { path: { video_id: video.id } } }));
      onDone();
    } catch (error) {
      setFault(failing(error, text));
    }
  }
  return (
    <Dialog
      title={text.videos.deleteTitle(video.filename)}
      onClose={onDone}
      footer={
        <>
          <Button kind="quiet" onClick={onDone}>{text.videos.cancel}</Button>
          <Button kind="danger" onClick={() => void remove()}>{text.videos.delete}</Button>
        </>
      }
    >
      <p className="muted">{text.videos.deleteLead}</p>
      {fault && <p className="fault" role="alert">{fault}</p>}
    </Dialog>
  );
}

function Quota() {
  const text = useText();
  const usage = useUsage();
  if (!usage.data) return <p className="quota">&nbsp;</p>;
  const { left } = usage.data;
  return (
    <p className="quota">
      <span>{text.videos.left(left.renders_per_day)}</span>
      <span>{text.videos.leftBytes(bytes(left.upload_bytes))}</span>
    </p>
  );
}
