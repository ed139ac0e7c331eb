// Writes generated/graphql.ts: the types of the dashboard's operations, from the schema and src/dashboard/operations.
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import { preset } from "@graphql-codegen/client-preset";
import { buildASTSchema, parse, validate } from "graphql";

const OPERATIONS = "src/dashboard/operations";
const OUT = "generated/";
const SCALARS = { Date: "string", DateTime: "string", LocalTime: "string", MinorUnits: "number" };

const schema = parse(await readFile(process.env.CLINICGRAPH_SCHEMA ?? "../schema.graphql", "utf8"));
const files = (await readdir(OPERATIONS)).sort().map((file) => join(OPERATIONS, file));
const documents = await Promise.all(
  files.map(async (location) => {
    const rawSDL = await readFile(location, "utf8");
    return { location, rawSDL, document: parse(rawSDL) };
  }),
);
const whole = { kind: "Document", definitions: documents.flatMap(({ document }) => document.definitions) };
const mistakes = validate(buildASTSchema(schema), whole);
if (mistakes.length) throw new Error(mistakes.join("\n\n"));

const outputs = await preset.buildGeneratesSection({
  baseOutputDir: OUT,
  schema,
  schemaAst: buildASTSchema(schema),
  documents,
  config: { documentMode: "string", scalars: SCALARS, strictScalars: false, enumsAsTypes: true, useTypeImports: true },
  presetConfig: { fragmentMasking: false, persistedDocuments: false },
  plugins: [],
  pluginMap: {},
  pluginContext: {},
});
await mkdir(OUT, { recursive: true });
const output = outputs.find(({ filename }) => filename.endsWith("graphql.ts"));
await writeFile(join(OUT, "graphql.ts"), await codegen(output));
