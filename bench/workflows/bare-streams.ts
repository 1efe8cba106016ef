/** The fewest lines that hold responses open. */
import { createServer, type ServerResponse } from 'node:http';

const open = new Set<ServerResponse>();
const server = createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  res.write(': open\n\n');
  open.add(res);
  res.on('close', () => open.delete(res));
});
server.requestTimeout = 0;
server.timeout = 0;
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' ? address?.port : 0 });
});
process.on('message', () => process.send?.({ memory: process.memoryUsage.rss() }));
process.once('disconnect', () => process.exit());
