/** Who holds a port, from the kernel's tables. */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { boundSockets, portHolders } from '../../src/appliance/port-holder.ts';

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  461: 0101A8C0:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 24567 2 0000000000000000 0
  462: 00000000:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 24568 2 0000000000000000 0
  463: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 24569 2 0000000000000000 0
`;
const TCP = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31337 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 31338 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:C001 0100007F:1F90 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0000000000000000
`;
const TCP6 = `  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 41 1 0000000000000000 100 0 0 10 0
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 42 1 0000000000000000 100 0 0 10 0
`;

describe('the kernel’s table', () => {
  it('of UDP tells every socket of a port, with its address', () => {
    assert.deepEqual(boundSockets(UDP, 67, 'udp'), [
      { address: '192.168.1.1', inode: '24567' },
      { address: '0.0.0.0', inode: '24569' },
    ]);
    assert.deepEqual(boundSockets(UDP, 69, 'udp'), [{ address: '0.0.0.0', inode: '24568' }]);
    assert.deepEqual(boundSockets(UDP, 4011, 'udp'), []);
  });

  it('of TCP tells those that listen, not the connections', () => {
    assert.deepEqual(boundSockets(TCP, 8080, 'tcp'), [{ address: '127.0.0.1', inode: '31337' }]);
    assert.deepEqual(boundSockets(TCP, 49_153, 'tcp'), []);
  });

  it('of IPv6 tells sockets that serve IPv4 as well', () => {
    assert.deepEqual(
      boundSockets(TCP6, 8080, 'tcp').map(({ inode }) => inode),
      ['41', '42'],
    );
    assert.equal(boundSockets(TCP6, 8080, 'tcp')[0]?.address, '[::]');
  });

  it('may be empty or cut short', () => {
    for (const table of ['', '\n', UDP.slice(0, 130), 'x\ny\nz']) assert.deepEqual(boundSockets(table, 67, 'udp'), []);
  });
});

describe('the holder of a port', () => {
  it('is found with its pid and command', async (t) => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => {
      socket.close();
      server.close();
    });
    await Promise.all([once(socket, 'listening'), once(server, 'listening')]);
    const { port } = server.address() as { port: number };
    for (const [kind, held] of [
      ['udp', socket.address().port],
      ['tcp', port],
    ] as const) {
      const [holder, ...others] = portHolders(kind, held);
      assert.deepEqual(others, []);
      assert.deepEqual([holder?.pid, holder?.address], [process.pid, '127.0.0.1']);
      assert.match(holder?.command ?? '', /node/);
      assert.ok((holder?.command ?? '').length <= 80);
    }
  });
});
