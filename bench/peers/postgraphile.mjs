// PostGraphile 5: Amber preset, lists instead of connections, production mode.
import { createServer } from 'node:http';
import { printSchema } from 'graphql';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';

const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  schema: { defaultBehavior: 'list -connection' },
  pgServices: [makePgService({
    connectionString: process.env.BENCH_DSN,
    schemas: ['public'],
    poolConfig: { max: 10, options: '-c random_page_cost=1.1 -c jit=off -c timezone=UTC' },
  })],
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false, websockets: false },
  grafast: { explain: false, context: {} },
});
if (process.env.PRINT) {
  console.log(printSchema((await instance.getSchemaResult()).schema));
  process.exit(0);
}
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.env.BENCH_PORT), '127.0.0.1');
