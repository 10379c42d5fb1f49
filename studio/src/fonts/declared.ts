/** Fonts of this account's own, made known to the page once something is drawn in them. */
import { cache } from "../api/cache.ts";
import { Unreachable, type FontFile } from "../api/client.ts";
import { fontsAsked } from "../api/queries.ts";
import { engine } from "../captionEngine.ts";
import type { Scenario } from "../editor/document.ts";

/** Before the family's name in a scenario; no bundled font and none of the system's is called so. */
const OWN = "own:";

const faces = new Map<string, Promise<FontFace | null>>();

/** The name of a family of one's own; empty where it is none. */
export function ownName(family: string | null | undefined): string {
  return family?.startsWith(OWN) ? family.slice(OWN.length) : "";
}

/** Whether a family of this account's has a file that the browser draws. */
export async function declareFamily(family: string): Promise<boolean> {
  const families = await cache.fetchQuery(fontsAsked);
  const files = families.find((one) => one.family === family)?.files ?? [];
  const taken = await Promise.all(files.map((file) => declared(family, file)));
  return taken.some((face) => face !== null);
}

/** The scenario as an export draws it: in its style's font where its own is not there. */
export async function inFontThatIsThere(scenario: Scenario): Promise<Scenario> {
  const { style } = scenario;
  const font = style.overrides?.font;
  if (!font || !ownName(font) || (await declareFamily(font))) return scenario;
  return { ...scenario, style: { ...style, overrides: { ...style.overrides, font: null } } };
}

/** Takes a file from the page that was deleted. */
export async function undeclare(id: string): Promise<void> {
  const face = await faces.get(id)?.catch(() => null);
  faces.delete(id);
  if (face) document.fonts.delete(face);
}

/** Takes all of them from the page: whoever signs in next has others. */
export async function undeclareAll(): Promise<void> {
  await Promise.all([...faces.keys()].map(undeclare));
}

function declared(family: string, file: FontFile): Promise<FontFace | null> {
  let face = faces.get(file.id);
  if (!face) {
    face = load(family, file);
    faces.set(file.id, face);
    face.catch(() => faces.delete(file.id));
  }
  return face;
}

async function load(family: string, file: FontFile): Promise<FontFace | null> {
  const [{ declareFont }, answer] = await Promise.all([
    engine(),
    fetch(file.url).catch((error: unknown) => { throw new Unreachable(String(error)); }),
  ]);
  if (!answer.ok) throw new Unreachable(`the store answered ${answer.status}`);
  return declareFont({ ...file, family }, await answer.arrayBuffer());
}
