/** The fewest lines that could take what an agent says in a Task's life: the same routes, a queue, and a synced batch. */
import express from 'express';
import { bareStore } from '../workflows/bare-store.ts';

const [directory = ''] = process.argv.slice(2);
const append = await bareStore(directory);

/** As long as what our own server answers. */
const workOf = (agent: string): object => ({
  kind: 'action',
  ...{ workflow: '00000000-0000-4000-8000-000000000000', action: 0, attempt: 1 },
  ...{ task: 'inventory-0', name: 'inventory-0', total: 4, timeout: 0, background: false },
  data: { kind: 'json', limit: 10_485_760 },
  run: {
    kind: 'job',
    job: '00000000-0000-4000-8000-000000000001',
    steps: [{ name: 'say', content: `#!/bin/sh\necho "serial ${agent}"\n` }],
    environment: { RS_MACHINE: 'machine-0', RS_UUID: agent },
    codes: 'sane',
    secrets: [],
  },
});

const app = express().disable('x-powered-by').disable('etag');
app.get('/api/v1/worker/stream', (_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream' });
  res.write(': open\n\n');
});
app.get('/api/v1/worker/work', async ({ query: { agent } }, res) => {
  await append();
  res.json(workOf(String(agent)));
});
app.post('/api/v1/worker/report', express.json(), async (_req, res) => {
  await append();
  res.json({ acknowledged: true, outcome: 'recorded' });
});
app.post('/api/v1/worker/log', express.json(), async (_req, res) => {
  await append();
  res.json({ next: 2 });
});
const server = app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.once('disconnect', () => process.exit());
