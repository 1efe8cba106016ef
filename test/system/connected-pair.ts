import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Both ends of a TCP connection over the loopback. */
export async function connectedPair(): Promise<{ near: Socket; far: Socket; close(): void }> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
  server.close();
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
    },
  };
}
