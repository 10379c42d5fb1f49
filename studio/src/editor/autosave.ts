import { useCallback, useEffect, useRef, useState } from "react";
import { api, Refused, saying, Unreachable, whole } from "../api/client.ts";
import { kept } from "../kept.ts";
import type { Scenario } from "./document.ts";
import { equal } from "./edits.ts";

export interface Version {
  scenario: Scenario;
  etag: string;
}

export type SaveState =
  | { is: "saved" | "saving" | "edited" | "offline" }
  | { is: "failed"; why: string }
  | { is: "conflict"; theirs: Version };

const PAUSE = 700;
const AGAIN = 3_000;

const draftName = (id: string) => `draft.${id}`;

/** An edit that was not saved when the page went away. */
export const drafts = {
  read: (id: string) => kept.read<Version>(draftName(id)),
  forget: (id: string) => kept.remove(draftName(id)),
};

/** The stored scenario with its ETag. Throws `Refused`, `Unreachable`. */
export async function readScenario(id: string): Promise<Version> {
  const answer = await whole(
    api.GET("/api/v1/videos/{video_id}/scenario", { params: { path: { video_id: id } } }),
  );
  return { scenario: answer.data as Scenario, etag: answer.response.headers.get("ETag") ?? "" };
}

/**
 * Saves the scenario a moment after each edit, over the version it was made from and no other.
 * Until it is saved it is kept on the device.
 */
export function useAutosave(id: string, first: Version, conflict: Version | null, scenario: Scenario) {
  const [state, setState] = useState<SaveState>(
    conflict ? { is: "conflict", theirs: conflict } : { is: "saved" },
  );
  const [saved, setSaved] = useState(first);
  const base = useRef(first);
  const latest = useRef(scenario);
  const sending = useRef<Promise<void> | null>(null);
  const timer = useRef(0);
  const stuck = useRef(conflict != null);

  const send = useCallback(async (): Promise<void> => {
    clearTimeout(timer.current);
    if (sending.current) await sending.current;
    const sent = latest.current;
    if (stuck.current || sent === base.current.scenario) return;
    setState({ is: "saving" });
    const work = put(id, sent, base.current.etag);
    sending.current = work.then(() => undefined, () => undefined);
    try {
      base.current = { scenario: sent, etag: await work };
      setSaved(base.current);
      if (latest.current === sent) {
        drafts.forget(id);
        setState({ is: "saved" });
      } else {
        // what came meanwhile may be the version of before, which then did not look like an edit
        kept.write(draftName(id), { scenario: latest.current, etag: base.current.etag } satisfies Version);
        setState({ is: "edited" });
        timer.current = window.setTimeout(() => void send(), PAUSE);
      }
    } catch (error) {
      if (error instanceof Unreachable) {
        setState({ is: "offline" });
        timer.current = window.setTimeout(() => void send(), AGAIN);
      } else if (error instanceof Refused && error.problem.code === "precondition_failed") {
        const theirs = await readScenario(id).catch(() => null);
        if (theirs && equal(theirs.scenario, sent)) {
          base.current = { scenario: sent, etag: theirs.etag };
          setSaved(base.current);
          setState({ is: "saved" });
        } else if (theirs) {
          stuck.current = true;
          setState({ is: "conflict", theirs });
        } else setState({ is: "offline" });
      } else {
        setState({ is: "failed", why: saying(error) });
        if (error instanceof Refused && passing(error)) timer.current = window.setTimeout(() => void send(), AGAIN);
      }
    } finally {
      sending.current = null;
    }
  }, [id]);

  useEffect(() => {
    latest.current = scenario;
    if (scenario === base.current.scenario) {
      drafts.forget(id);
      setState((now) => (now.is === "edited" ? { is: "saved" } : now));
      return;
    }
    kept.write(draftName(id), { scenario, etag: base.current.etag } satisfies Version);
    if (stuck.current) return;
    setState({ is: "edited" });
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => void send(), PAUSE);
  }, [id, scenario, send]);

  useEffect(() => {
    const now = () => void send();
    window.addEventListener("online", now);
    return () => {
      window.removeEventListener("online", now);
      clearTimeout(timer.current);
      void send();
    };
  }, [send]);

  /** Ends a conflict: the version that `scenario` now stands on is the other one. */
  const standOn = useCallback((theirs: Version) => {
    base.current = theirs;
    stuck.current = false;
    setSaved(theirs);
    setState({ is: "edited" });
    timer.current = window.setTimeout(() => void send(), 0);
  }, [send]);

  // effects come after an edit is shown, and "saved" may not be read off it until then
  const shown: SaveState = state.is === "saved" && scenario !== saved.scenario ? { is: "edited" } : state;
  return { state: shown, saved, flush: send, standOn };
}

/** Whether the same request may be taken later. */
const passing = ({ problem }: Refused) => problem.status === 429 || problem.status >= 500;

async function put(id: string, scenario: Scenario, etag: string): Promise<string> {
  const answer = await whole(
    api.PUT("/api/v1/videos/{video_id}/scenario", {
      params: { path: { video_id: id }, header: { "If-Match": etag } },
      body: scenario,
    }),
  );
  return answer.response.headers.get("ETag") ?? "";
}
