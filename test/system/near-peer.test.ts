import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { descriptorOf } from '../../src/http/carrier/zero-copy.ts';
import { IPPROTO_TCP, libc, Pinned, SOL_SOCKET } from '../../src/system/libc.ts';
import { tuneNear } from '../../src/system/near-peer.ts';
import { connectedPair } from './connected-pair.ts';

const SO_SNDBUF = 7;
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
    const { far, close } = await connectedPair();
    t.after(close);
    const fd = descriptorOf(far) ?? assert.fail();
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
