/** Our HTTP server in a process of its own, so that its CPU time is only its own. Talks with the benchmark by IPC. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import express from 'express';
import pino from 'pino';
import { fileSegment } from '../../src/http/files/index.ts';
import { send, startHttp } from '../../src/http/index.ts';

const [file = ''] = process.argv.slice(2);
const delay = monitorEventLoopDelay({ resolution: 1 });
const app = express().disable('x-powered-by');
app.get('/initrd.img', async (_req, res) => {
  const headers = { 'content-type': 'application/octet-stream' };
  send(res, { status: 200, headers, segments: [await fileSegment(file)] }, undefined);
});
const server = await startHttp({
  addresses: [{ address: '127.0.0.1', port: 0 }],
  app,
  log: pino({ level: 'warn' }, process.stderr),
  onSent: () => {},
});
process.on('message', (message) => {
  if (message === 'reset') {
    delay.enable();
    delay.reset();
    process.send?.({ reset: true });
  } else {
    process.send?.({ eventLoopDelayP99Ms: delay.percentile(99) / 1e6 });
  }
});
process.once('disconnect', () => void server.stop(0));
process.send?.({ port: server.bound[0]?.port });
