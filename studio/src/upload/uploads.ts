/**
 * Uploads of this page: straight to the store, several parts at a time, with pause and resume.
 * What is needed to go on after a reload is kept on the device; the file is asked for again.
 */
import { api, body, Refused, saying, Unreachable } from "../api/client.ts";
import { session } from "../api/session.ts";
import { kept } from "../kept.ts";
import { bytesOf, missing, type Plan } from "./parts.ts";
import { putObject } from "./putObject.ts";
import { asked, NO_WORDING, type Wording } from "./wording.ts";

export interface Upload extends Plan {
  id: string;
  videoId: string;
  name: string;
  modified: number;
  state: "sending" | "paused" | "finishing" | "failed";
  sent: number;
  /** seconds, null until there is a rate to tell by */
  left: number | null;
  error: string;
  wording: Wording;
}

type Kept = Pick<Upload, "id" | "videoId" | "name" | "modified" | "size" | "partSize" | "wording">;

const AT_ONCE = 3;
const TRIES = 4;
const STORE = "uploads";

/** Told when an upload is over, or has come to a stop. */
type Done = (videoId: string) => void;

const files = new Map<string, File>();
const stops = new Map<string, AbortController>();
const dones = new Map<string, Done>();
const listeners = new Set<() => void>();
let all: readonly Upload[] = (kept.read<Kept[]>(STORE) ?? []).map((one) => ({
  ...one, wording: one.wording ?? NO_WORDING, state: "paused", sent: 0, left: null, error: "",
}));

export const uploads = {
  list: () => all,
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  hasFile: (id: string) => files.has(id),
};

function put(next: readonly Upload[]) {
  all = next;
  for (const listener of listeners) listener();
}

function change(id: string, part: Partial<Upload>) {
  put(all.map((one) => (one.id === id ? { ...one, ...part } : one)));
}

function keep() {
  const facts = all.map(({ id, videoId, name, modified, size, partSize, wording }): Kept => ({
    id, videoId, name, modified, size, partSize, wording,
  }));
  if (facts.length) kept.write(STORE, facts);
  else kept.remove(STORE);
}

function forget(id: string) {
  files.delete(id);
  stops.delete(id);
  dones.delete(id);
  put(all.filter((one) => one.id !== id));
  keep();
}

/** Begins to send a file; `type` is its media type. Resolves once the server knows of it. */
export async function begin(file: File, type: string, wording: Wording, onDone: Done): Promise<void> {
  const begun = await body(
    api.POST("/api/v1/uploads", {
      body: { filename: file.name, size: file.size, content_type: type },
    }),
  );
  const partSize = begun.method === "single" ? file.size : begun.part_size;
  files.set(begun.id, file);
  put([
    {
      id: begun.id, videoId: begun.video_id, name: file.name, modified: file.lastModified,
      size: file.size, partSize, state: "sending", sent: 0, left: null, error: "", wording,
    },
    ...all,
  ]);
  keep();
  void send(begun.id, onDone);
}

export function pause(id: string) {
  stops.get(id)?.abort();
  change(id, { state: "paused", left: null });
}

export function resume(id: string, onDone: Done) {
  void send(id, onDone);
}

/** Sets the script and names that the video is heard by once it is there. */
export function reword(id: string, wording: Wording) {
  change(id, { wording });
  keep();
}

/** Goes on with what a lost connection, or an ended session, broke off. */
function mend() {
  for (const { id, error } of all) if (error === "broken") resume(id, dones.get(id) ?? (() => {}));
}
window.addEventListener("online", mend);
session.subscribe(() => session.state() === "in" && mend());

/** Takes the file for an upload of before; false where it is another one. */
export function takeAgain(id: string, file: File, onDone: Done): boolean {
  const upload = all.find((one) => one.id === id);
  if (!upload || upload.size !== file.size || upload.name !== file.name) return false;
  if (upload.modified && file.lastModified !== upload.modified) return false;
  files.set(id, file);
  resume(id, onDone);
  return true;
}

export async function discard(id: string): Promise<void> {
  stops.get(id)?.abort();
  forget(id);
  await api.DELETE("/api/v1/uploads/{upload_id}", { params: { path: { upload_id: id } } });
}

/** Forgets uploads that the server does not know as open any more. */
export async function reconcile(): Promise<void> {
  for (const { id, state } of all) {
    if (state !== "paused") continue;
    const answer = await api.GET("/api/v1/uploads/{upload_id}", { params: { path: { upload_id: id } } });
    if (answer.response.status === 404 || answer.data?.state !== "open") {
      if (answer.response.ok || answer.response.status === 404) forget(id);
    } else {
      change(id, { sent: answer.data.parts_done.reduce((sum, part) => sum + part.size, 0) });
    }
  }
}

async function send(id: string, onDone: Done): Promise<void> {
  const upload = all.find((one) => one.id === id);
  const file = files.get(id);
  if (!upload || !file) return;
  const stop = new AbortController();
  stops.set(id, stop);
  dones.set(id, onDone);
  change(id, { state: "sending", error: "" });
  try {
    await sendParts(upload, file, stop.signal);
    if (stop.signal.aborted) return;
    change(id, { state: "finishing", sent: upload.size, left: null });
    await body(
      api.POST("/api/v1/uploads/{upload_id}/complete", {
        params: { path: { upload_id: id } },
        body: asked(all.find((one) => one.id === id)?.wording ?? NO_WORDING),
      }),
    );
    forget(id);
    onDone(upload.videoId);
  } catch (error) {
    if (stop.signal.aborted) return;
    stop.abort();
    const broken = error instanceof Unreachable || (error instanceof Refused && error.problem.status === 401);
    change(id, { state: broken ? "paused" : "failed", left: null, error: broken ? "broken" : saying(error) });
    onDone(upload.videoId);
  }
}

async function sendParts(upload: Upload, file: File, signal: AbortSignal): Promise<void> {
  const path = { upload_id: upload.id };
  const known = await body(api.GET("/api/v1/uploads/{upload_id}", { params: { path } }));
  const numbers = missing(upload, known.parts_done);
  const held = upload.size - numbers.reduce((sum, n) => sum + lengthOf(upload, n), 0);
  const moving = new Map<number, number>();
  const started = performance.now();
  let done = held;

  function tell() {
    const sent = done + [...moving.values()].reduce((sum, one) => sum + one, 0);
    const rate = (sent - held) / ((performance.now() - started) / 1000);
    const left = sent - held > 0 ? (upload.size - sent) / rate : null;
    if (!signal.aborted) change(upload.id, { sent, left });
  }

  async function worker() {
    for (let number = numbers.shift(); number != null; number = numbers.shift()) {
      const current = number;
      await tried(signal, async () => {
        const signed = await body(
          api.POST("/api/v1/uploads/{upload_id}/parts", {
            params: { path }, body: { numbers: [current] },
          }),
        );
        const part = signed.parts[0];
        if (!part) throw new Unreachable("no address for a part");
        const [from, to] = bytesOf(upload, current);
        await putObject(part.url, part.headers, file.slice(from, to), signal, (sent) => {
          moving.set(current, sent);
          tell();
        });
      });
      moving.delete(current);
      done += lengthOf(upload, current);
      tell();
    }
  }

  tell();
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

function lengthOf(plan: Plan, number: number): number {
  const [from, to] = bytesOf(plan, number);
  return to - from;
}

async function tried(signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const hopeless = attempt === TRIES || !navigator.onLine || !(error instanceof Unreachable);
      if (signal.aborted || hopeless) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** attempt));
    }
  }
}
