import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { segmentsPerCall, startSegmenting, stopSegmenting } from '../../../src/boots/tftp/segmentation.ts';
import { libc, sendNow, socketAddress, udpSocket } from '../../../src/system/libc.ts';
import { RawClient } from './served.ts';

describe('segmentation', () => {
  it('stays within what one call takes', () => {
    assert.equal(segmentsPerCall(1472), 44);
    assert.equal(segmentsPerCall(516), 64);
    assert.equal(segmentsPerCall(65_468), 1);
  });

  it('cuts what is sent, until it is stopped', async () => {
    const fd = udpSocket();
    assert.ok(startSegmenting(fd, 1000), 'this kernel has no UDP_SEGMENT');
    const receiver = await RawClient.open();
    const lengths: number[] = [];
    receiver.socket.on('message', (bytes) => lengths.push(bytes.length));
    const to = socketAddress('127.0.0.1', receiver.socket.address().port);
    assert.equal(sendNow(fd, Buffer.alloc(2500), to), undefined);
    stopSegmenting(fd);
    assert.equal(sendNow(fd, Buffer.alloc(2500), to), undefined);
    for (let datagram = 0; datagram < 4; datagram++) await receiver.next();
    assert.deepEqual(lengths, [1000, 1000, 500, 2500]);
    libc().close(fd);
    receiver.close();
  });

  const needsRoot = process.getuid?.() === 0 ? false : 'needs root for a network namespace';
  it('is given up where the link became too narrow for it', { skip: needsRoot, timeout: 30_000 }, () => {
    const script = `ip link set lo up && exec "$0" "$1"`;
    const program = join(import.meta.dirname, 'narrowed-link.ts');
    const output = execFileSync('unshare', ['--net', 'sh', '-c', script, process.execPath, program], {
      encoding: 'utf8',
    });
    assert.equal(JSON.parse(output).blksize, 8192);
  });
});
