import { freshToken } from "./session.ts";

const LEAST = 1_000;
const MOST = 15_000;

/**
 * Follows the event stream of a job: `heard` with the whole job each time it changed, until it is
 * over. A broken stream is taken up again by itself. Returns what stops it.
 */
export function follow<T>(path: string, heard: (job: T, over: boolean) => void): () => void {
  let source: EventSource | null = null;
  let waiting = 0;
  let pause = LEAST;
  let stopped = false;

  async function open() {
    try {
      await freshToken(); // the stream has no header: it goes by the cookie that comes with it
    } catch {
      return later();
    }
    if (stopped) return;
    source = new EventSource(path);
    source.addEventListener("progress", (event) => {
      pause = LEAST;
      heard(JSON.parse(event.data as string) as T, false);
    });
    source.addEventListener("end", (event) => {
      stop();
      heard(JSON.parse(event.data as string) as T, true);
    });
    source.addEventListener("error", () => {
      source?.close();
      later();
    });
  }

  function later() {
    if (stopped) return;
    waiting = window.setTimeout(() => void open(), pause);
    pause = Math.min(MOST, pause * 2);
  }

  function stop() {
    stopped = true;
    clearTimeout(waiting);
    source?.close();
  }

  void open();
  return stop;
}
