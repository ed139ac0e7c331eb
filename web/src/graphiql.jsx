import "./workers.js";
import "./graphiql.css";
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";
import { examples } from "./examples/index.js";
import { authorizedFetch } from "./session.js";
import { Who } from "./who.jsx";

const fetcher = createGraphiQLFetcher({
  url: new URL("/graphql", location.href).href,
  headers: { "GraphQL-Require-Preflight": "1" }, // no other site could have sent this
  fetch: authorizedFetch,
});

const plugins = [HISTORY_PLUGIN, explorerPlugin()];

// Request headers are never stored: they may hold secrets.
createRoot(document.getElementById("graphiql")).render(
  <>
    <Who />
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={examples}
      defaultEditorToolsVisibility="variables"
      plugins={plugins}
      shouldPersistHeaders={false}
      showPersistHeadersSettings={false}
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>GraphiQL</GraphiQL.Logo>
    </GraphiQL>
  </>,
);
