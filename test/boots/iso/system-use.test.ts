/** What Rock Ridge says, entry by entry; images that writers make are in images.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { IsoFault, readNow } from '../../../src/boots/iso/reading.ts';
import { readRockRidge } from '../../../src/boots/iso/system-use.ts';

const BLOCK = 2048;
const volume = { blockSize: BLOCK, fileSize: 1 << 30 };

function entry(kind: string, data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(kind), Buffer.of(4 + data.length, 1), data]);
}
function name(bytes: Buffer): Buffer {
  return entry('NM', Buffer.concat([Buffer.of(0), bytes]));
}
/** Goes on in a block. */
function goesOn(block: number): Buffer {
  const data = Buffer.alloc(24);
  data.writeUInt32LE(block, 0);
  data.writeUInt32LE(BLOCK, 16);
  return entry('CE', data);
}
const read = (area: Buffer, left: number, blocks: (position: number) => Buffer = () => Buffer.alloc(BLOCK)) => {
  const continuations = { left };
  const found = readNow(readRockRidge(area, volume, continuations), ({ position }) => blocks(position));
  return { ...found, left: continuations.left };
};

describe('Rock Ridge', () => {
  it('has names of bytes, in whatever pieces', () => {
    const whole = Buffer.from('日本');
    for (let at = 0; at <= whole.length; at++)
      assert.equal(read(Buffer.concat([name(whole.subarray(0, at)), name(whole.subarray(at))]), 0).name, '日本');
    assert.equal(read(name(Buffer.from('a\0b')), 0).name, 'a');
    assert.throws(() => read(Buffer.concat([name(Buffer.alloc(200, 'a')), name(Buffer.alloc(56, 'a'))]), 0), IsoFault);
  });

  it('goes on elsewhere for as long as a directory has room for that', () => {
    const chain = (position: number): Buffer => {
      const block = Buffer.alloc(BLOCK);
      if (position < 5 * BLOCK) goesOn(position / BLOCK + 1).copy(block);
      else name(Buffer.from('end')).copy(block);
      return block;
    };
    assert.deepEqual(read(goesOn(1), 10 * BLOCK, chain), {
      ...{ name: 'end', target: undefined, relocated: false, compressed: false, left: 5 * BLOCK },
    });
    assert.throws(() => read(goesOn(1), 3 * BLOCK, chain), IsoFault);
    assert.throws(() => read(goesOn(1), 1 << 30, () => Buffer.concat([goesOn(1), Buffer.alloc(100)])), IsoFault);
  });
});
