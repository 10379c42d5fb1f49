import type { Video } from "../api/client.ts";
import { BUSY } from "../api/queries.ts";
import { told } from "../api/told.ts";
import type { Text } from "../text/index.tsx";

export interface Shown {
  kind: "good" | "busy" | "bad" | "idle";
  label: string;
  /** how far it is, 0 to 1, where that is known */
  part?: number;
}

/** What a video's card says of it. */
export function stateOf(video: Video, text: Text): Shown {
  const { analysis, latest_render: render } = video;
  const percent = (part: number) => Math.round(part * 100);
  if (video.state === "uploading") return { kind: "idle", label: text.videos.elsewhere };
  if (video.state === "refused")
    return { kind: "bad", label: video.refusal ? told(video.refusal, text) : text.videos.refused };
  if (video.state === "checking") return { kind: "busy", label: text.videos.checking };
  if (BUSY.has(render?.state ?? "")) {
    const part = render?.progress ? render.progress.frame / Math.max(1, render.progress.total) : 0;
    return { kind: "busy", label: text.videos.exporting(percent(part)), part };
  }
  if (analysis?.state === "running")
    return { kind: "busy", label: text.videos.hearing(percent(analysis.progress)), part: analysis.progress };
  if (analysis?.state === "pending" || analysis?.state === "queued")
    return { kind: "busy", label: text.videos.waiting };
  if (analysis?.state === "failed" || analysis?.state === "cancelled")
    return { kind: "bad", label: text.videos.failed };
  if (render?.state === "succeeded") return { kind: "good", label: text.videos.exported };
  return { kind: "good", label: text.videos.ready };
}
