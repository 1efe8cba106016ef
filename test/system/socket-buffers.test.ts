import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { libc, socketAddress, udpSocket } from '../../src/system/libc.ts';
import { forceReceiveBuffer, forceSendBuffer } from '../../src/system/socket-buffers.ts';

const NEEDS_ROOT = process.getuid?.() === 0 ? false : 'needs root';

describe('Buffers of a socket', () => {
  it('can be larger than the system allows everybody', { skip: NEEDS_ROOT }, async (t) => {
    const fd = udpSocket();
    const any = socketAddress('127.0.0.1', 0);
    assert.equal(libc().bind(fd, any, any.length), 0);
    const socket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind({ fd }, bound));
    t.after(() => socket.close());
    const allowed = (of: string): number => Number(readFileSync(`/proc/sys/net/core/${of}_max`, 'utf8'));
    assert.ok(forceReceiveBuffer(fd, 2 * allowed('rmem')) && forceSendBuffer(fd, 2 * allowed('wmem')));
    // Linux says twice what was asked for, as it counts what it needs itself (socket(7)).
    assert.equal(socket.getRecvBufferSize(), 4 * allowed('rmem'));
    assert.equal(socket.getSendBufferSize(), 4 * allowed('wmem'));
  });
});
