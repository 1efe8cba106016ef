import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { conditional, parseRange, rangeApplies } from '../../../src/http/files/index.ts';

describe('parseRange', () => {
  const cases: [string | undefined, number, ReturnType<typeof parseRange>][] = [
    [undefined, 10, 'ignore'],
    ['bytes=0-4', 10, [{ start: 0, end: 5 }]],
    ['bytes=0-0', 10, [{ start: 0, end: 1 }]],
    ['bytes=4-', 10, [{ start: 4, end: 10 }]],
    ['bytes=-3', 10, [{ start: 7, end: 10 }]],
    ['bytes=-30', 10, [{ start: 0, end: 10 }]],
    ['bytes=8-99', 10, [{ start: 8, end: 10 }]],
    ['BYTES=1-2', 10, [{ start: 1, end: 3 }]],
    [
      'bytes=0-1, 4-5,,8-',
      10,
      [
        { start: 0, end: 2 },
        { start: 4, end: 6 },
        { start: 8, end: 10 },
      ],
    ],
    [
      'bytes=8-9,0-1',
      10,
      [
        { start: 8, end: 10 },
        { start: 0, end: 2 },
      ],
    ],
    ['bytes=0-1,20-30', 10, [{ start: 0, end: 2 }]],
    ['bytes=10-', 10, 'unsatisfiable'],
    ['bytes=10-20', 10, 'unsatisfiable'],
    ['bytes=-0', 10, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
    ['bytes=-5', 0, 'unsatisfiable'],
    ['bytes=99999999999999999999-', 10, 'unsatisfiable'],
    ['bytes=5-4', 10, 'ignore'],
    ['bytes=0-1,5-4', 10, 'ignore'],
    ['bytes=', 10, 'ignore'],
    ['bytes=,', 10, 'ignore'],
    ['bytes=-', 10, 'ignore'],
    ['bytes=a-b', 10, 'ignore'],
    ['bytes=1', 10, 'ignore'],
    ['bytes 0-1', 10, 'ignore'],
    ['bytes=0x1-2', 10, 'ignore'],
    ['items=0-1', 10, 'ignore'],
    ['bytes=0-,0-', 10, [{ start: 0, end: 10 }]],
    [
      'bytes=8-9,0-3,2-5,7-8',
      10,
      [
        { start: 7, end: 10 },
        { start: 0, end: 6 },
      ],
    ],
    ['bytes=0-1,4-5,1-4', 10, [{ start: 0, end: 6 }]],
    [
      'bytes=4000000000-4294967300,5000000000-',
      5_000_000_001,
      [
        { start: 4_000_000_000, end: 4_294_967_301 },
        { start: 5_000_000_000, end: 5_000_000_001 },
      ],
    ],
    [`bytes=${'0-0,'.repeat(40)}`, 1000, 'ignore'],
  ];
  for (const [header, length, expected] of cases) {
    test(`${String(header).slice(0, 40)} of ${length}`, () => assert.deepEqual(parseRange(header, length), expected));
  }

  test('ranges lie within the body, are not empty and never ask for more than the whole', () => {
    const spec = fc.oneof(
      fc.tuple(fc.nat(2000), fc.nat(2000)).map(([a, b]) => `${a}-${b}`),
      fc.nat(2000).map((a) => `${a}-`),
      fc.nat(2000).map((a) => `-${a}`),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(spec), fc.nat(1000), (specs, length) => {
        const ranges = parseRange(`bytes=${specs.join(',')}`, length);
        if (typeof ranges === 'string') return;
        assert.ok(ranges.length > 0);
        for (const { start, end } of ranges) assert.ok(0 <= start && start < end && end <= length);
        assert.ok(ranges.reduce((sum, { start, end }) => sum + end - start, 0) <= length);
        const covered = (each: readonly { start: number; end: number }[]): number[] =>
          [...Array(length).keys()].filter((at) => each.some(({ start, end }) => start <= at && at < end));
        const single = specs.flatMap((each) => {
          const parsed = parseRange(`bytes=${each}`, length);
          return typeof parsed === 'string' ? [] : parsed;
        });
        assert.deepEqual(covered(ranges), covered(single));
      }),
    );
  });
});

const ETAG = '"abc"';
const MODIFIED = Date.parse('Sun, 01 Nov 2026 10:00:00 GMT') + 750;
const BEFORE = 'Sun, 01 Nov 2026 09:59:59 GMT';
const SAME = 'Sun, 01 Nov 2026 10:00:00 GMT';
const AFTER = 'Sun, 01 Nov 2026 10:00:01 GMT';

describe('conditional', () => {
  const cases: [Record<string, string>, ReturnType<typeof conditional>][] = [
    [{}, 'send'],
    [{ 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-none-match': 'W/"abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x", "abc"' }, 'not-modified'],
    [{ 'if-none-match': '"x,y"' }, 'send'],
    [{ 'if-none-match': '*' }, 'not-modified'],
    [{ 'if-none-match': 'abc' }, 'send'],
    [{ 'if-none-match': '"x"', 'if-modified-since': AFTER }, 'send'],
    [{ 'if-modified-since': SAME }, 'not-modified'],
    [{ 'if-modified-since': AFTER }, 'not-modified'],
    [{ 'if-modified-since': BEFORE }, 'send'],
    [{ 'if-modified-since': 'yesterday, perhaps' }, 'send'],
    [{ 'if-modified-since': 'Sunday, 01-Nov-26 10:00:00 GMT' }, 'not-modified'],
    [{ 'if-modified-since': 'Sun Nov  1 10:00:00 2026' }, 'not-modified'],
    [{ 'if-modified-since': '2030-01-01' }, 'send'],
    [{ 'if-modified-since': '2147483647' }, 'send'],
    [{ 'if-match': '"abc"' }, 'send'],
    [{ 'if-match': '*' }, 'send'],
    [{ 'if-match': '"x"' }, 'failed'],
    [{ 'if-match': 'W/"abc"' }, 'failed'],
    [{ 'if-match': '"abc"', 'if-unmodified-since': BEFORE }, 'send'],
    [{ 'if-match': '"abc"', 'if-none-match': '"abc"' }, 'not-modified'],
    [{ 'if-unmodified-since': BEFORE }, 'failed'],
    [{ 'if-unmodified-since': SAME }, 'send'],
    [{ 'if-unmodified-since': 'x' }, 'send'],
  ];
  for (const [headers, expected] of cases) {
    test(JSON.stringify(headers), () => assert.equal(conditional(headers, ETAG, MODIFIED), expected));
  }

  test('a body without a time has no date conditions', () => {
    assert.equal(conditional({ 'if-modified-since': AFTER, 'if-unmodified-since': BEFORE }, ETAG, undefined), 'send');
  });
});

describe('rangeApplies', () => {
  const cases: [string | undefined, boolean][] = [
    [undefined, true],
    ['"abc"', true],
    ['W/"abc"', false],
    ['"x"', false],
    [SAME, true],
    [AFTER, false],
    [BEFORE, false],
    ['rubbish', false],
  ];
  for (const [ifRange, expected] of cases) {
    test(String(ifRange), () => assert.equal(rangeApplies({ 'if-range': ifRange }, ETAG, MODIFIED), expected));
  }
});
