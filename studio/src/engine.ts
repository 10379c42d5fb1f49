/** The caption engine: the same files that draw the export, loaded from the api as they are. */
import type { Stage } from "../../ecg/captions/engine/stage.js";
import type { Style } from "../../ecg/captions/engine/style.js";
import type { Scenario } from "./editor/document.ts";

type Engine = typeof import("../../ecg/captions/engine/index.js");
export type { Stage };

let loading: Promise<Engine> | null = null;
const styles = new Map<string, Promise<Style>>();

function engine(): Promise<Engine> {
  const address = "/engine/index.js";
  loading ??= import(/* @vite-ignore */ address) as Promise<Engine>;
  return loading;
}

async function styleOf(name: string): Promise<Style> {
  const { loadStyle } = await engine();
  let style = styles.get(name);
  if (!style) {
    style = loadStyle("/styles", name);
    styles.set(name, style);
    style.catch(() => styles.delete(name));
  }
  return style;
}

/**
 * Draws `scenario` into `holder` at `width` by `height` pixels. What stood there stays until the
 * new picture of `time()` is whole, so that a change never flickers.
 */
export async function draw(
  holder: HTMLElement,
  scenario: Scenario,
  width: number,
  height: number,
  time: () => number,
  signal: AbortSignal,
): Promise<Stage | null> {
  const [{ createStage }, style] = await Promise.all([engine(), styleOf(scenario.style.name)]);
  if (signal.aborted) return null;
  const element = document.createElement("div");
  element.style.visibility = "hidden";
  holder.append(element);
  const stage = createStage(element, { style, scenario: scenario as never, width, height });
  try {
    await stage.ready;
  } catch (error) {
    element.remove();
    throw error;
  }
  if (signal.aborted) {
    element.remove();
    return null;
  }
  stage.seek(time());
  for (const other of [...holder.children]) if (other !== element) other.remove();
  element.style.visibility = "";
  return stage;
}

/** The part of a stage that captions keep to, px. */
export async function safeArea(width: number, height: number) {
  const address = "/engine/layout.js";
  const layout = (await import(/* @vite-ignore */ address)) as typeof import("../../ecg/captions/engine/layout.js");
  return layout.safeArea(width, height);
}
