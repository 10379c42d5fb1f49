import { Unreachable } from "../api/client.ts";

/** Puts bytes to the store, by XMLHttpRequest, as fetch tells no progress of what it sends. */
export function putObject(
  url: string,
  headers: Record<string, string>,
  data: Blob,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const fail = () => reject(new Unreachable(`the store answered ${request.status || "nothing"}`));
    signal.addEventListener("abort", () => request.abort());
    request.upload.addEventListener("progress", (event) => onSent(event.loaded));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : fail()));
    request.addEventListener("error", fail);
    request.addEventListener("abort", fail);
    request.open("PUT", url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.send(data);
  });
}
