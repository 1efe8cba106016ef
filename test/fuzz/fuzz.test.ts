/** Some thousand packets; `npm run fuzz` takes ten million. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fuzz, PROTOCOLS, type Protocol } from './fuzz.ts';
import { mutated } from './mutation.ts';
import { Random } from './random.ts';

const PACKETS = 30_000;

describe('mutated packets', () => {
  for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
    it(`of ${protocol} are read or refused, and nothing is thrown`, () => fuzz(protocol, PACKETS, 1));

    it(`of ${protocol} are the same for the same seed, and of many lengths`, () => {
      const { seeds, mutations } = PROTOCOLS[protocol];
      const made = (): string[] => {
        const random = new Random(7);
        return Array.from({ length: 200 }, () => mutated(seeds, mutations, random).toString('hex'));
      };
      assert.deepEqual(made(), made());
      assert.ok(new Set(made().map(({ length }) => length)).size > 20);
    });
  }
});
