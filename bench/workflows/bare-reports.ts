/** The fewest lines that could take a report: a route, a queue, and a synced batch. */
import express from 'express';
import { bareStore } from './bare-store.ts';

const [directory = ''] = process.argv.slice(2);
const append = await bareStore(directory);

const app = express().disable('x-powered-by').disable('etag');
app.post('/api/v1/worker/report', express.json(), async (_req, res) => {
  await append();
  res.json({ acknowledged: true, outcome: 'recorded' });
});
const server = app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.once('disconnect', () => process.exit());
