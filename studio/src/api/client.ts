import createClient from "openapi-fetch";
import type { components, paths } from "./schema.ts";
import { freshToken } from "./session.ts";

export type Problem = components["schemas"]["Problem"];
export type Video = components["schemas"]["VideoView"];
export type Analysis = components["schemas"]["AnalysisView"];
export type Render = components["schemas"]["RenderView"];
export type Output = components["schemas"]["Output"];
export type Finding = components["schemas"]["Finding"];
export type Style = components["schemas"]["Style"] & { name: string };
export type Look = components["schemas"]["LookView"];
export type FontFamily = components["schemas"]["FontView"];
export type FontFile = components["schemas"]["FontFile"];
export type Usage = components["schemas"]["Usage"];
export type Transcript = components["schemas"]["Transcript"];
export type Job = components["schemas"]["Job"];
export type Account = components["schemas"]["usage_admin_Account"];
export type Daily = components["schemas"]["Daily"];

/** An answer that was no success, in the server's own words. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** No answer at all. */
export class Unreachable extends Error {}

async function send(request: Request): Promise<Response> {
  const open = request.url.includes("/auth/signup") || request.url.includes("/auth/login");
  const again = request.clone();
  try {
    const token = open ? null : await freshToken();
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
    const answer = await fetch(request);
    if (answer.status !== 401 || !token) return answer;
    const next = await freshToken(token);
    if (!next) return answer;
    again.headers.set("Authorization", `Bearer ${next}`);
    return await fetch(again);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Unreachable(String(error));
  }
}

export const api = createClient<paths>({ baseUrl: location.origin, fetch: send });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a success. Throws `Refused`, `Unreachable`. */
export async function body<T>(asked: Promise<Answer<T>>): Promise<T> {
  return (await whole(asked)).data as T;
}

/** The whole success, for its headers. Throws `Refused`, `Unreachable`. */
export async function whole<T>(asked: Promise<Answer<T>>): Promise<Answer<T>> {
  const answer = await asked;
  if (answer.response.ok) return answer;
  const told = answer.error as Partial<Problem> | undefined;
  throw new Refused({
    type: "about:blank",
    title: told?.title ?? "",
    status: answer.response.status,
    code: told?.code ?? "error",
    detail: told?.detail ?? `${answer.response.status} ${answer.response.statusText}`,
    instance: told?.instance ?? "",
  });
}

export function saying(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
