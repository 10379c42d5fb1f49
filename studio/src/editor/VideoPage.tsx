import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import { api, body, Refused, type Analysis } from "../api/client.ts";
import { follow } from "../api/events.ts";
import { BUSY, keys, useVideo } from "../api/queries.ts";
import { failing } from "../api/told.ts";
import { useText } from "../text/index.tsx";
import { Failure } from "../ui/controls.tsx";
import { Shell } from "../ui/Shell.tsx";
import { useTitle } from "../ui/title.ts";
import { drafts, readScenario } from "./autosave.ts";
import { Editor } from "./Editor.tsx";
import { Hearing } from "./Hearing.tsx";
import { createPlayer } from "./player.ts";

/** One video, whatever its state: being checked, being heard, refused, or to be edited. */
export default function VideoPage({ id }: { id: string }) {
  const text = useText();
  const client = useQueryClient();
  const video = useVideo(id);
  useTitle(video.data?.filename ?? "");
  const { duration, fps } = video.data ?? {};
  const player = useMemo(() => createPlayer(duration ?? 0, fps ?? 25), [duration, fps]);
  useEffect(() => () => player.end(), [player]);
  const [heard, setHeard] = useState<Analysis | null>(null);
  const analysis = heard ?? video.data?.analysis ?? null;
  const busy = BUSY.has(analysis?.state ?? "") || video.data?.state === "checking";

  useEffect(() => {
    if (!busy) return;
    return follow<Analysis>(`/api/v1/videos/${id}/analysis/events`, (job, over) => {
      setHeard(job);
      if (over) void client.invalidateQueries({ queryKey: keys.video(id) });
    });
  }, [busy, client, id]);

  const done = analysis?.state === "succeeded" && video.data?.state === "ready";
  // a scenario may stand without an analysis that heard anything: put there by the API
  const wanted = done || (!busy && video.data?.state === "ready");
  const stored = useQuery({
    queryKey: ["scenario", id, analysis?.id ?? ""],
    queryFn: async () => {
      const [version, transcript] = await Promise.all([readScenario(id), done ? readTranscript(id) : null]);
      return { version, transcript, draft: drafts.read(id) };
    },
    enabled: wanted,
    staleTime: Infinity,
    gcTime: 0,
    retry: (count, error) => count < 3 && !(error instanceof Refused),
  });

  if (video.isError)
    return (
      <Shell>
        <main className="page">
          <h1>{missing(video.error) ? text.errors.noVideo : text.errors.unexpected}</h1>
          {!missing(video.error) && (
            <Failure
              message={failing(video.error, text)}
              onAgain={() => void video.refetch()}
            />
          )}
          <p><Link href="/">{text.errors.toVideos}</Link></p>
        </main>
      </Shell>
    );
  if (!video.data) return <Shell><main className="page" aria-busy="true" /></Shell>;
  if (stored.data)
    return <Editor key={stored.data.version.etag} video={video.data} loaded={stored.data} player={player} />;
  const restart = (next: Analysis) => {
    setHeard(next);
    void client.invalidateQueries({ queryKey: keys.video(id) });
  };
  return <Hearing video={video.data} player={player} analysis={analysis} failed={stored.isError} onRestart={restart} />;
}

const missing = (error: unknown) => error instanceof Refused && error.problem.status === 404;

async function readTranscript(id: string) {
  try {
    return await body(
      api.GET("/api/v1/videos/{video_id}/transcript", { params: { path: { video_id: id } } }),
    );
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}
