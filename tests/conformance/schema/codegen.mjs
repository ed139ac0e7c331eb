// Writes the client preset's files for the documents into a folder; both are given, after the schema. Prints how many
// operations there are.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";

const require = createRequire(import.meta.url); // one graphql for all: the preset asks for it in this way
const { codegen } = require("@graphql-codegen/core");
const { preset } = require("@graphql-codegen/client-preset");
const { buildSchema, Kind, parse, print } = require("graphql");

const SCALARS = { Date: "string", DateTime: "string", LocalTime: "string", MinorUnits: "number" };
const [schemaFile, out, ...files] = process.argv.slice(2);

// What has no name is named after its file: own_sessions.graphql is OwnSessions.
const nameOf = (file) => {
  const words = basename(file, ".graphql").split("_");
  return { kind: Kind.NAME, value: words.map((word) => word[0].toUpperCase() + word.slice(1)).join("") };
};

const text = await readFile(schemaFile, "utf8");
const documents = await Promise.all(
  files.map(async (location) => {
    const document = parse(await readFile(location, "utf8"), { noLocation: true });
    const definitions = document.definitions.map((each) => (each.name ? each : { ...each, name: nameOf(location) }));
    const named = { ...document, definitions };
    return { location, rawSDL: print(named), document: named };
  }),
);
const outputs = await preset.buildGeneratesSection({
  baseOutputDir: `${out}/`,
  schema: parse(text),
  schemaAst: buildSchema(text),
  documents,
  config: { scalars: SCALARS, strictScalars: true, useTypeImports: true, enumsAsTypes: true },
  presetConfig: { persistedDocuments: { hashAlgorithm: "sha256" } },
  plugins: [],
  pluginMap: {},
  pluginContext: {},
});
for (const output of outputs) {
  const file = output.filename.startsWith(out) ? output.filename : join(out, output.filename);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, await codegen(output));
}
const definitions = documents.flatMap(({ document }) => document.definitions);
console.log(definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION).length);
