// Bundles the browser pages into dist/, or into the folder given as the first argument. Every file's name carries
// the hash of its content, so that it may be cached for ever; manifest.json says which name stands for which.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build } from "esbuild";

const outdir = process.argv[2] ?? "dist";
const workers = {
  "editor.worker": "monaco-editor/esm/vs/editor/editor.worker.js",
  "json.worker": "monaco-editor/esm/vs/language/json/json.worker.js",
  "graphql.worker": "monaco-graphql/esm/graphql.worker.js",
};
const common = {
  bundle: true,
  minify: true,
  metafile: true,
  outdir,
  entryNames: "[name]-[hash]",
  chunkNames: "chunk-[hash]",
  assetNames: "font-[hash]",
  target: ["chrome110", "firefox115", "safari16.4"],
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "linked",
  logLevel: "warning",
};

// graphiql/style.css carries all of Monaco's styles, and its fonts as data: URLs. The styles need not come twice;
// the fonts become files, of which a browser fetches only those whose characters a page shows.
const styles = {
  name: "styles",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /monaco-editor[\\/]esm[\\/].*\.css$/ }, () => ({ contents: "", loader: "empty" }));
    onResolve({ filter: /^data:font\// }, ({ path }) => {
      const [, type] = /^data:font\/(\w+)/.exec(path);
      const hash = createHash("sha256").update(path).digest("hex");
      return { path: `${hash}.${type}`, namespace: "font", pluginData: path };
    });
    onLoad({ filter: /.*/, namespace: "font" }, ({ pluginData }) => ({
      contents: Buffer.from(pluginData.slice(pluginData.indexOf(",") + 1), "base64"),
      loader: "file",
    }));
  },
};

// {"graphiql.js": "graphiql-2X3HJQ5C.js", …} of what was built, without the chunks and fonts that only these refer to.
function names({ metafile }) {
  const files = Object.keys(metafile.outputs).map((path) => basename(path));
  const entries = files.filter((file) => /\.(js|css|svg)$/.test(file) && !file.startsWith("chunk-"));
  return Object.fromEntries(entries.map((file) => [file.replace(/-\w{8}(?=\.\w+$)/, ""), file]));
}

async function compress(file) {
  const path = join(outdir, file);
  const text = await readFile(path);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
  await writeFile(`${path}.br`, await promisify(brotliCompress)(text, quality));
  await writeFile(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
}

await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });

const workerFiles = names(await build({ ...common, entryPoints: workers, format: "iife" }));
const pages = await build({
  ...common,
  entryPoints: ["src/graphiql.jsx", "src/icon.svg"],
  format: "esm",
  splitting: true,
  jsx: "automatic",
  loader: { ".graphql": "text", ".svg": "copy", ".ttf": "file" },
  define: { ...common.define, WORKER_FILES: JSON.stringify(workerFiles) },
  plugins: [styles],
});

// The dashboard is Preact and TypeScript, checked as a whole; its tsconfig.json is in its own folder, or esbuild would
// read it for GraphiQL too.
await import("./generate.mjs");
await promisify(execFile)(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "src/dashboard"]);
const dashboard = await build({
  ...common,
  entryPoints: { dashboard: "src/dashboard/index.tsx" },
  format: "esm",
});

await Promise.all((await readdir(outdir)).filter((file) => /\.(js|css|svg)$/.test(file)).map(compress));
await writeFile(join(outdir, "manifest.json"), JSON.stringify({ ...workerFiles, ...names(pages), ...names(dashboard) }, null, 2));
