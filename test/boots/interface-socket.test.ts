import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { bindToInterface, forceReceiveBuffer } from '../../src/boots/interface-socket.ts';

const NEEDS_ROOT = process.getuid?.() === 0 ? false : 'needs root';

describe('A socket of one interface', () => {
  it('can have room for more than the system allows everybody', { skip: NEEDS_ROOT }, async (t) => {
    const fd = bindToInterface({ interfaceName: 'lo', port: 0 });
    const socket = createSocket('udp4');
    await new Promise<void>((bound) => socket.bind({ fd }, bound));
    t.after(() => socket.close());
    const allowed = Number(readFileSync('/proc/sys/net/core/rmem_max', 'utf8'));
    assert.ok(forceReceiveBuffer(fd, 2 * allowed));
    // Linux says twice what was asked for, as it counts what it needs itself (socket(7)).
    assert.equal(socket.getRecvBufferSize(), 4 * allowed);
  });

  it('says by its code which interface is not there', () => {
    assert.throws(() => bindToInterface({ interfaceName: 'not-there', port: 0 }), { code: 'ENODEV' });
  });
});
