// Composes the schema as a Federation 2 subgraph with everything of Federation that it uses, and prints what came of it.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { composeServices } = require("@apollo/composition");
const { parse } = require("graphql");

// What a gateway's operator writes before our schema: from there on the directives are Federation's own.
const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9",
  import: ["@authenticated", "@requiresScopes", "@cost", "@listSize"])\n`;

const typeDefs = parse(LINK + (await readFile(process.argv[2], "utf8")));
const { errors, hints, supergraphSdl } = composeServices([{ name: "clinicgraph", url: "http://127.0.0.1", typeDefs }]);
console.log(
  JSON.stringify({
    errors: (errors ?? []).map(String),
    warnings: (hints ?? []).filter(({ definition }) => definition.level.name === "WARN").map(String),
    supergraph: supergraphSdl ?? "",
  }),
);
