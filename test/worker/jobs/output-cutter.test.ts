import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type CutTo, OutputCutter, type Piece } from '../../../src/worker/jobs/output-cutter.ts';

const textOf = (pieces: readonly Piece[]): string =>
  pieces.map((piece) => (piece.kind === 'text' ? piece.text : '<progress>')).join('');

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((array) => Buffer.from(array)),
  fc
    .array(fc.constantFrom('a', 'ä', '€', '😀', '\n', 'hunter2', 'hun', '\r', ' '), { maxLength: 40 })
    .map((words) => Buffer.from(words.join(''))),
);
/** Cuts of the input, and how each piece is taken. */
const plan = fc.array(
  fc.record({
    length: fc.nat({ max: 20 }),
    to: fc.constantFrom<CutTo>('lines', 'fragments'),
    /** Another worker goes on where the counted bytes end. */
    again: fc.boolean(),
  }),
  { maxLength: 20 },
);

function cutAll(input: Buffer, steps: readonly { length: number; to: CutTo; again: boolean }[], secrets: string[]) {
  let cutter = new OutputCutter(secrets);
  let start = 0;
  let at = 0;
  const pieces: Piece[] = [];
  for (const { length, to, again } of steps) {
    cutter.push(input.subarray(at, at + length));
    at = Math.min(input.length, at + length);
    pieces.push(...cutter.cut(to));
    if (!again) continue;
    start += cutter.consumed;
    at = start;
    cutter = new OutputCutter(secrets, cutter.open);
  }
  cutter.push(input.subarray(at));
  pieces.push(...cutter.cut('all'));
  assert.equal(start + cutter.consumed, input.length);
  return textOf(pieces);
}

describe('the cutter of output', () => {
  test('gives all of it once, however it comes, and also when another goes on', () => {
    fc.assert(
      fc.property(bytes, plan, (input, steps) => {
        // Where it is no UTF-8, a cut may show in how many marks stand for what can't be read.
        const plain = (text: string): string => text.replace(/\ufffd+/g, '?');
        assert.equal(plain(cutAll(input, steps, [])), plain(input.toString()));
      }),
      { numRuns: 2000 },
    );
  });

  test('hides secrets that go over from one piece to the next', () => {
    const words = fc.array(fc.constantFrom('a', '😀', '\n', 'hunter2', 'hun'), { maxLength: 30 });
    fc.assert(
      fc.property(words, plan, (all, steps) => {
        const input = all.join('');
        assert.equal(cutAll(Buffer.from(input), steps, ['hunter2']), input.replaceAll('hunter2', '********'));
      }),
      { numRuns: 2000 },
    );
  });

  test('gives a line to an entry, and a long one to several', () => {
    const cutter = new OutputCutter([]);
    cutter.push(Buffer.from(`one\ntwo\n${'x'.repeat(40_000)}`));
    const pieces = cutter.cut('lines');
    assert.deepEqual(
      pieces.map((piece) => (piece.kind === 'text' ? piece.text.length : 0)),
      [4, 4, 16_000, 16_000, 8_000],
    );
    assert.equal(cutter.open, true);
  });

  test('takes out lines that tell progress, but not the end of another line', () => {
    const cutter = new OutputCutter([]);
    cutter.push(Buffer.from('progress {"written":42}\nwell'));
    assert.deepEqual(cutter.cut('fragments'), [
      { kind: 'progress', progress: { written: 42 } },
      { kind: 'text', text: 'well' },
    ]);
    cutter.push(Buffer.from('progress {"written":43}\n'));
    assert.equal(textOf(cutter.cut('lines')), 'progress {"written":43}\n');
  });
});
