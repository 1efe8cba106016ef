import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judgeSamples, SAMPLE, type Sample, samplePositions } from '../../../src/actions/erasure/samples.ts';

const zeros = Buffer.alloc(SAMPLE);
const ones = Buffer.alloc(SAMPLE, 0xff);
const text = Buffer.alloc(SAMPLE, 'what was there');
const noise = Buffer.alloc(SAMPLE, 'cipher');
/** Only its last byte tells. */
const nearly = Buffer.concat([zeros.subarray(1), Buffer.of(1)]);

describe('samples', () => {
  test('are taken at the beginning, at the end and between, within the disk and once each', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 512, max: 2 ** 44 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        (size, numbers) => {
          const positions = samplePositions(size, () => numbers.next().value ?? 0);
          assert.equal(positions[0], 0);
          assert.equal(positions.at(-1), Math.max(0, Math.floor(size / SAMPLE) - 1) * SAMPLE);
          assert.equal(new Set(positions).size, positions.length);
          for (const position of positions)
            assert.ok(position % SAMPLE === 0 && (position === 0 || position + SAMPLE <= size));
        },
      ),
    );
    assert.ok(samplePositions(10 ** 12, Math.random).length > 100);
  });

  const was: Sample[] = [text, zeros, text];
  for (const [promised, after, wanted] of [
    ['zeros', [zeros, zeros, zeros], 'zeros'],
    ['zeros', [zeros, nearly, zeros], /1 of 3 samples are not zeros/],
    ['zeros', [zeros, ones, zeros], /1 of 3 samples are not zeros/],
    ['uniform', [zeros, ones, zeros], 'uniform'],
    ['uniform', [ones, ones, ones], 'ones'],
    ['uniform', [ones, noise, noise], /2 of 3 samples are neither zeros nor ones/],
    ['changed', [noise, noise, noise], 'other'],
    ['changed', [zeros, zeros, zeros], 'zeros'],
    ['changed', [text, noise, noise], /1 of 3 samples are what they were/],
    ['changed', [text, zeros, text], /2 of 3 samples are what they were/],
    ['changed', [zeros, undefined, zeros], /1 of 3 samples cannot be read/],
  ] as const)
    test(`${promised}: ${String(wanted)}`, () => {
      const judged = judgeSamples(promised, was, after);
      if (typeof wanted === 'string') assert.deepEqual(judged, { found: wanted });
      else assert.match('why' in judged ? judged.why : '', wanted);
    });

  test('that could not be read before, and are something now, prove nothing', () => {
    assert.match(JSON.stringify(judgeSamples('changed', [undefined], [noise])), /1 of 1 samples are what they were/);
    assert.deepEqual(judgeSamples('changed', [undefined], [zeros]), { found: 'zeros' });
  });
});
