// The recommended rules for a schema, and those of Relay. What is changed says why.
import graphql from "@graphql-eslint/eslint-plugin";

const rules = {
  ...graphql.configs["flat/schema-recommended"].rules,
  ...graphql.configs["flat/schema-relay"].rules,
  // Pages go forward only, which Relay's specification allows: one direction is one index and one cursor.
  "@graphql-eslint/relay-arguments": ["error", { includeBoth: false }],
  // Short closed lists (a payload's errors, the days of a chart, a person's roles) are no pages; Relay does not ask it of them.
  // AccessRecord is the one item of a page that is no Node: it is read in its list, and nowhere else.
  "@graphql-eslint/relay-edge-types": ["error", { listTypeCanWrapOnlyEdgeType: false, shouldImplementNode: false }],
  // What has an identity implements Node, and GraphQL itself holds that to `id: ID!`. The others are values (payloads,
  // pages, quotes, figures of a dashboard): an id would promise that they can be fetched again.
  "@graphql-eslint/strict-id-in-types": "off",
};

const languageOptions = { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema.graphql" } } };
export default [{ files: ["**/*.graphql"], languageOptions, plugins: { "@graphql-eslint": graphql }, rules }];
