import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DONE, judge, meaningOf, sentenceOf } from '../../../src/worker/jobs/exit-codes.ts';

const SANE = [
  [0, { failed: false, incomplete: false }],
  [16, { failed: false, incomplete: false, exit: 'stop' }],
  [32, { failed: false, incomplete: false, exit: 'poweroff' }],
  [64, { failed: false, incomplete: false, exit: 'reboot' }],
  [128, { failed: false, incomplete: true }],
  [144, { failed: false, incomplete: true, exit: 'stop' }],
  [160, { failed: false, incomplete: true, exit: 'poweroff' }],
  [192, { failed: false, incomplete: true, exit: 'reboot' }],
] as const;
const ORIGINAL = [
  [0, { failed: false, incomplete: false }],
  [1, { failed: false, incomplete: false, exit: 'reboot' }],
  [2, { failed: false, incomplete: true }],
  [3, { failed: false, incomplete: true, exit: 'reboot' }],
] as const;

describe('exit codes', () => {
  for (const [codes, table] of [
    ['sane', SANE],
    ['original', ORIGINAL],
  ] as const) {
    for (const [code, meaning] of table)
      test(`${codes} ${code}`, () => assert.deepEqual(meaningOf(codes, code), meaning));

    test(`${codes}: every other is a failure, and nothing else`, () => {
      const known = new Set<number>(table.map(([code]) => code));
      for (let code = 0; code < 256; code += 1)
        if (!known.has(code)) assert.deepEqual(meaningOf(codes, code), { failed: true }, String(code));
      assert.deepEqual(meaningOf(codes, undefined), { failed: true });
    });
  }

  for (const code of [1, 2, 17, 48, 96, 126, 127, 130, 137, 255])
    test(`sane ${code} has failed and does nothing to the machine`, () => {
      for (const last of [true, false]) {
        const judged = judge(meaningOf('sane', code), last);
        assert.ok(judged.over);
        assert.equal(judged.state, 'FAILED');
        assert.equal(judged.exit, undefined);
      }
    });
});

describe('what becomes of a Job', () => {
  for (const [code, last, state, exit] of [
    [0, false, 'goes on', undefined],
    [0, true, 'SUCCESS', undefined],
    [1, false, 'FAILED', undefined],
    [1, true, 'FAILED', undefined],
    [16, false, 'INCOMPLETE', 'stop'],
    [16, true, 'SUCCESS', 'stop'],
    [32, false, 'INCOMPLETE', 'poweroff'],
    [32, true, 'SUCCESS', 'poweroff'],
    [64, false, 'INCOMPLETE', 'reboot'],
    [64, true, 'SUCCESS', 'reboot'],
    [128, false, 'SUCCESS', undefined],
    [128, true, 'INCOMPLETE', undefined],
    [144, false, 'INCOMPLETE', 'stop'],
    [144, true, 'INCOMPLETE', 'stop'],
    [160, true, 'INCOMPLETE', 'poweroff'],
    [192, false, 'INCOMPLETE', 'reboot'],
    [192, true, 'INCOMPLETE', 'reboot'],
  ] as const)
    test(`${code} of ${last ? 'the last step' : 'a step before the last'}: ${state}${exit ? `, ${exit}` : ''}`, () => {
      const judged = judge(meaningOf('sane', code), last);
      assert.equal(judged.over ? judged.state : 'goes on', state);
      assert.equal(judged.over ? judged.exit : undefined, exit);
    });

  test('a list of steps ends at the first that says so, and always ends', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 16, 64, 128, 192, 7), { minLength: 1 }), (codes) => {
        const judged = codes.map((code, index) => judge(meaningOf('sane', code), index === codes.length - 1));
        const first = codes.findIndex((code, index) => code !== 0 || index === codes.length - 1);
        assert.equal(
          judged.findIndex(({ over }) => over),
          first,
        );
      }),
    );
  });

  test('is said in words', () => {
    const say = (code: number, last: boolean): string => {
      const meaning = meaningOf('sane', code);
      return sentenceOf('it', meaning, judge(meaning, last));
    };
    assert.equal(say(192, true), 'it: reboot, the Job is to be run again');
    assert.equal(say(64, true), 'it: reboot');
    assert.equal(say(128, false), 'it: the steps after it are not needed');
    assert.equal(say(127, false), 'it');
    assert.equal(sentenceOf('it', DONE, judge(DONE, true)), 'it');
  });
});
