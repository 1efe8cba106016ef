/** The fewest lines that could take a report: a route, a queue, and a synced batch. */
import express from 'express';
import { Level } from 'level';

const [directory = ''] = process.argv.slice(2);
const db = new Level<string, string>(directory, { writeBufferSize: 16 << 20 });
await db.open();
const text = 'x'.repeat(300);
let number = 0;
let waiting: (() => void)[] = [];
let flushing = false;

async function flush(): Promise<void> {
  flushing = true;
  await null;
  while (waiting.length > 0) {
    const told = waiting;
    waiting = [];
    await db.batch(
      told.map(() => ({ type: 'put', key: String(++number).padStart(12, '0'), value: text })),
      { sync: true },
    );
    for (const tell of told) tell();
  }
  flushing = false;
}

const app = express().disable('x-powered-by').disable('etag');
app.post('/api/v1/worker/report', express.json(), async (_req, res) => {
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
    if (!flushing) void flush();
  });
  res.json({ acknowledged: true, outcome: 'recorded' });
});
const server = app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.once('disconnect', () => process.exit());
