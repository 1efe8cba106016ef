import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { libc, udpSocket } from '../../src/system/libc.ts';
import { canSegment, segmentsPerMessage } from '../../src/system/segmentation.ts';

describe('segmentation', () => {
  it('stays within what one message takes', () => {
    assert.equal(segmentsPerMessage(1472), 44);
    assert.equal(segmentsPerMessage(516), 64);
    assert.equal(segmentsPerMessage(65_468), 1);
  });

  it('is for UDP sockets', () => {
    const fd = udpSocket();
    assert.equal(canSegment(fd), true, 'this kernel has no UDP_SEGMENT');
    libc().close(fd);
    assert.equal(canSegment(-1), false);
  });
});
