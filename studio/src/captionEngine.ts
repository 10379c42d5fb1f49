/** The caption engine: the same files that draw the export, loaded from the api as they are. */
type Engine = typeof import("../../ecg/captions/engine/index.js");

let loading: Promise<Engine> | null = null;

export function engine(): Promise<Engine> {
  const address = "/engine/index.js";
  loading ??= import(/* @vite-ignore */ address) as Promise<Engine>;
  return loading;
}
