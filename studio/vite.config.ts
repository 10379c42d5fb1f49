import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Each script and sheet gzipped beside itself, for the api to send as it is. */
const packed: Plugin = {
  name: "packed",
  apply: "build",
  async writeBundle({ dir }, bundle) {
    const texts = Object.keys(bundle).filter((name) => /^assets\/.*\.(js|css)$/.test(name));
    await Promise.all(
      texts.map(async (name) => {
        const path = join(dir ?? "", name);
        await writeFile(`${path}.gz`, gzipSync(await readFile(path), { level: 9 }));
      }),
    );
  },
};

export default defineConfig({
  plugins: [packed],
  build: {
    outDir: "../ecg/studio/static",
    emptyOutDir: true,
    target: "es2024",
    // those that have light-dark(): where it were replaced, a dark part of a light page would not be dark
    cssTarget: ["chrome125", "firefox129", "safari17.5"],
    // a font or a picture inside of a sheet is another origin to the page's policy
    assetsInlineLimit: 0,
    license: { fileName: "licenses.md" },
    modulePreload: { polyfill: false },
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: {
    fs: { allow: [".."] },
    proxy: Object.fromEntries(
      ["/api", "/engine", "/styles", "/fonts"].map((path) => [path, "http://127.0.0.1:8000"]),
    ),
  },
});
