/**
 * Who is signed in. The access token lives in this page's memory and goes out in a header, so no
 * other site can act by our cookies; the refresh token is in a cookie that no script reads.
 */
import { kept } from "../kept.ts";

export type SessionState = "in" | "out" | "expired";

const MARK = "signed-in"; // so that nobody is asked for a session who never had one
const EARLY = 30_000;

let access: { token: string; until: number } | null = null;
let state: SessionState = kept.read(MARK) ? "in" : "out";
const listeners = new Set<() => void>();

export const session = {
  state: () => state,
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
  begin(answer: { access_token: string; expires_in: number }) {
    hold(answer);
    kept.write(MARK, true);
    become("in");
  },
  /** Before the browser leaves for another's sign-in, from which it comes back with our cookies. */
  expect: () => kept.write(MARK, true),
  end(why: "out" | "expired") {
    access = null;
    kept.remove(MARK);
    become(why);
  },
};

function become(next: SessionState) {
  state = next;
  for (const listener of listeners) listener();
}

function hold(answer: { access_token: string; expires_in: number }) {
  access = { token: answer.access_token, until: Date.now() + answer.expires_in * 1000 - EARLY };
  clearTimeout(renewal);
  renewal = setTimeout(renew, answer.expires_in * 1000 - EARLY);
}

/** Links, films and streams go by the cookie, so it is renewed though nothing is asked. */
function renew() {
  void freshToken().catch(() => null);
}

let renewal: ReturnType<typeof setTimeout> | undefined;
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") renew(); // timers stand still while a device sleeps
});

let refreshing: Promise<string | null> | null = null;

/** A token that holds, also as a cookie for streams and films; null where nobody is signed in. */
export async function freshToken(refused = ""): Promise<string | null> {
  if (state !== "in") return null;
  if (access && access.token !== refused && Date.now() < access.until) return access.token;
  refreshing ??= alone(refresh).finally(() => (refreshing = null));
  return refreshing;
}

/** One tab at a time: a refresh token that is used twice ends the session. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? navigator.locks.request("ecg.refresh", work) : work();
}

async function refresh(): Promise<string | null> {
  const answer = await fetch("/api/v1/auth/refresh", { method: "POST", keepalive: true });
  if (answer.status === 401) {
    session.end("expired");
    return null;
  }
  if (!answer.ok) throw new TypeError(`refresh answered ${answer.status}`);
  const tokens = (await answer.json()) as { access_token: string; expires_in: number };
  hold(tokens);
  return tokens.access_token;
}
