import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { descriptorOf } from '../../src/http/carrier/zero-copy.ts';
import { libc, Pinned } from '../../src/system/libc.ts';
import { tuneNear } from '../../src/system/near-peer.ts';

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const IPPROTO_TCP = 6;
const TCP_CONGESTION = 13;
const NEEDS_ROOT = process.getuid?.() === 0 ? false : 'needs root';

function option(fd: number, level: number, name: number): Buffer {
  const value = new Pinned(16);
  const length = new Pinned(4);
  length.bytes.writeUInt32LE(16);
  assert.equal(libc().getsockopt(fd, level, name, value.address, length.address), 0);
  return value.bytes.subarray(0, length.bytes.readUInt32LE());
}
const congestionControl = (fd: number): string =>
  option(fd, IPPROTO_TCP, TCP_CONGESTION).toString().split('\0')[0] ?? '';

describe('a TCP socket to a peer that is near', () => {
  it('is paced by no timers, and keeps little waiting', { skip: NEEDS_ROOT }, async (t) => {
    const server = createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const socket = connect(address.port, '127.0.0.1');
    const [[peer]] = (await Promise.all([once(server, 'connection'), once(socket, 'connect')])) as [[Socket], unknown];
    t.after(() => {
      socket.destroy();
      peer.destroy();
      server.close();
    });
    const fd = descriptorOf(peer) ?? assert.fail();
    const before = congestionControl(fd);
    assert.ok(tuneNear(fd));
    assert.equal(congestionControl(fd), before === 'bbr' ? 'reno' : before);
    assert.equal(option(fd, SOL_SOCKET, SO_SNDBUF).readUInt32LE(), 2_000_000);
    // Where another one was chosen for it, that stays.
    libc().setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, Buffer.from('cubic'), 5);
    assert.ok(tuneNear(fd));
    assert.notEqual(congestionControl(fd), 'bbr');
  });

  it('is not what has no connection', () => {
    assert.equal(tuneNear(-1), false);
  });
});
