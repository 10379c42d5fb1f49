// node render.mjs BUNDLE PROPS OUTPUT BROWSER CONCURRENCY: the render as its users write it.
import { readFile } from "node:fs/promises";
import { renderMedia, selectComposition } from "@remotion/renderer";

const [serveUrl, props, outputLocation, browserExecutable, concurrency] = process.argv.slice(2);
const inputProps = JSON.parse(await readFile(props, "utf8"));
const browser = { browserExecutable, chromeMode: "chrome-for-testing" };
const composition = await selectComposition({ serveUrl, id: "captioned", inputProps, ...browser });
await renderMedia({
  serveUrl,
  composition,
  inputProps,
  outputLocation,
  codec: "h264",
  crf: 20,
  x264Preset: "veryfast",
  pixelFormat: "yuv420p",
  concurrency: Number(concurrency),
  ...browser,
});
