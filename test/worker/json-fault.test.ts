import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { jsonFault } from '../../src/worker/json-fault.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('a fault in JSON', () => {
  for (const [text, line, column, expected] of [
    ['', 1, 1, 'a value'],
    ['{"a": 1,\n "b" 2}', 2, 6, ':'],
    ['{"a": 1,\n}', 2, 1, 'a name in double quotes'],
    ['{a: 1}', 1, 2, 'a name in double quotes, or }'],
    ['{"a": [1, 2', 1, 12, ', or ]'],
    ['{"a": 01}', 1, 8, ', or }'],
    ['{} {}', 1, 4, 'nothing more'],
    ['{"a": "x\ny"}', 1, 7, 'a value'],
    ['\ufeff{}', 1, 1, 'a value'],
  ] as const) {
    test(`in ${JSON.stringify(text)}`, () => assert.deepEqual(jsonFault(text), { line, column, expected }));
  }

  test('is found in exactly the texts that are not JSON', () => {
    const broken = fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', '0', ' ', '\\', '\u0001', 'true'));
    fc.assert(
      fc.property(broken, ([json, at, piece]) => {
        const cut = at % (json.length + 1);
        for (const text of [
          json,
          json.slice(0, cut) + piece + json.slice(cut),
          json.slice(0, cut) + json.slice(cut + 1),
        ])
          assert.equal(jsonFault(text) === undefined, isJson(text), text);
      }),
      { numRuns: 500 },
    );
  });
});
