/** What the caption engine draws on this page. */
import type { Stage } from "../../ecg/captions/engine/stage.js";
import type { Style } from "../../ecg/captions/engine/style.js";
import { engine } from "./captionEngine.ts";
import type { Scenario } from "./editor/document.ts";
import { inFontThatIsThere } from "./fonts/declared.ts";

export type { Stage };

const styles = new Map<string, Promise<Style>>();

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
  const [{ createStage }, style, shown] = await Promise.all([
    engine(),
    styleOf(scenario.style.name),
    inFontThatIsThere(scenario),
  ]);
  if (signal.aborted) return null;
  const element = document.createElement("div");
  element.style.visibility = "hidden";
  holder.append(element);
  const stage = createStage(element, { style, scenario: shown as never, width, height });
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

/** What no player covers, and who covers the rest; `area`: left, top, right, bottom in 0..1. */
export interface FreePart {
  area: readonly [number, number, number, number];
  covered_by: readonly string[];
}

/** As captions are judged by. Throws where it cannot be had. */
export async function freePart(width: number, height: number): Promise<FreePart> {
  const answer = await fetch("/engine/free.json");
  if (!answer.ok) throw new Error(`free.json answered ${answer.status}`);
  const { upright_below, upright, wide } = (await answer.json()) as { upright_below: number; upright: FreePart; wide: FreePart };
  return width / height < upright_below ? upright : wide;
}
