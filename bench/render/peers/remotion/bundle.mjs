// node bundle.mjs PUBLIC OUT: packs video.jsx with the files of PUBLIC.
import { fileURLToPath } from "node:url";
import { bundle } from "@remotion/bundler";

const [publicDir, outDir] = process.argv.slice(2);
const entryPoint = fileURLToPath(new URL("video.jsx", import.meta.url));
await bundle({ entryPoint, publicDir, outDir });
