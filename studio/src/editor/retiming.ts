import { useEffect, useRef, useState } from "react";
import { api, body } from "../api/client.ts";
import type { Desk } from "./context.ts";
import { timed, windowOf, type Run, type Timed } from "./timing.ts";

/** What the timeline says of it: at work, words timed, or that the sound did not tell. */
export type Retiming = { is: "none" | "busy" | "failed" } | { is: "done"; words: number };

const ASK_AGAIN = 300;
const PATIENCE = 120_000;
const TOLD = 8_000;

/** Has the words that edits made timed by the sound, one run after the other, behind the editing. */
export function useRetiming(desk: Desk, hasSound: boolean): Retiming {
  const { video, history, dispatch } = desk;
  const [state, setState] = useState<Retiming>({ is: "none" });
  const latest = useRef(history);
  latest.current = history;
  const run = history.untimed[0];
  useEffect(() => {
    if (!run) {
      setState((now) => (now.is === "busy" ? { is: "none" } : now));
      return;
    }
    if (!hasSound) {
      dispatch({ do: "time", run, change: (one) => one });
      return;
    }
    const stop = new AbortController();
    setState({ is: "busy" });
    measured(video.id, run, stop.signal).then(
      (words) => {
        if (stop.signal.aborted) return;
        const { present, future } = latest.current;
        const fits = !future.length && timed(present, run, words) !== present;
        setState(fits ? { is: "done", words: words.length } : { is: "none" });
        dispatch({ do: "time", run, change: (one) => timed(one, run, words) });
      },
      () => {
        if (stop.signal.aborted) return;
        setState({ is: "failed" }); // the words keep the times that they share by their letters
        dispatch({ do: "time", run, change: (one) => one });
      },
    );
    return () => stop.abort();
  }, [run, hasSound, video.id, dispatch]);
  useEffect(() => {
    if (state.is === "none" || state.is === "busy") return;
    const timer = setTimeout(() => setState({ is: "none" }), TOLD);
    return () => clearTimeout(timer);
  }, [state]);
  return state;
}

/** Throws where they cannot be measured, or not soon enough. */
async function measured(id: string, run: Run, signal: AbortSignal): Promise<Timed[]> {
  const [start, end] = windowOf(run);
  const path = { video_id: id };
  const words = run.words.map((word) => word.text);
  let job = await body(
    api.POST("/api/v1/videos/{video_id}/realign", { params: { path }, body: { start, end, words }, signal }),
  );
  const until = performance.now() + PATIENCE;
  while (job.state !== "succeeded") {
    if (job.state === "failed" || job.state === "cancelled" || performance.now() > until)
      throw new Error(job.error?.detail ?? job.state);
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN));
    signal.throwIfAborted();
    job = await body(
      api.GET("/api/v1/videos/{video_id}/realign/{realign_id}", {
        params: { path: { ...path, realign_id: job.id } }, signal,
      }),
    );
  }
  return job.words ?? [];
}
