import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { negotiate } from '../../../src/boots/tftp/negotiate.ts';

const ETHERNET = { mtu: 1500 };

function asking(...asked: [string, string][]) {
  return negotiate(
    asked.map(([name, value]) => ({ name, value })),
    { size: 1_048_576 },
    ETHERNET,
  );
}

describe('negotiation', () => {
  const table: [name: string, value: string, acknowledged: string | 'unknown' | 'invalid'][] = [
    ['blksize', '8', '8'],
    ['blksize', '1468', '1468'],
    ['blksize', '1469', '1468'],
    ['blksize', '65464', '1468'],
    ['blksize', '70000', '1468'],
    ['blksize', '7', 'invalid'],
    ['blksize', '0', 'invalid'],
    ['blksize', '-8', 'invalid'],
    ['blksize', '1e3', 'invalid'],
    ['blksize', '', 'invalid'],
    ['tsize', '0', '1048576'],
    ['tsize', 'big', 'invalid'],
    ['timeout', '1', '1'],
    ['timeout', '255', '255'],
    ['timeout', '0', 'invalid'],
    ['timeout', '256', 'invalid'],
    ['windowsize', '1', '1'],
    ['windowsize', '64', '64'],
    ['windowsize', '65535', '64'],
    ['windowsize', '0', 'invalid'],
    ['windowsize', '65536', 'invalid'],
    ['multicast', '', 'unknown'],
    ['rollover', '0', 'unknown'],
  ];
  for (const [name, value, verdict] of table) {
    it(`${name} ${JSON.stringify(value)}: ${verdict}`, () => {
      const { accepted, ignored } = asking([name, value]);
      const isIgnored = verdict === 'unknown' || verdict === 'invalid';
      assert.deepEqual(accepted, isIgnored ? [] : [{ name, value: verdict }]);
      assert.deepEqual(ignored, isIgnored ? [{ name, value, reason: verdict }] : []);
    });
  }

  it('has the terms of RFC 1350 without options', () => {
    assert.deepEqual(asking(), { blksize: 512, windowsize: 1, timeoutMs: undefined, accepted: [], ignored: [] });
  });

  it('takes the first of an option that is repeated', () => {
    const { blksize, ignored } = asking(['blksize', '1000'], ['blksize', '1400']);
    assert.equal(blksize, 1000);
    assert.deepEqual(ignored, [{ name: 'blksize', value: '1400', reason: 'repeated' }]);
  });

  it('never takes more than asked, or than fits the link', () => {
    const mtu = fc.integer({ min: 68, max: 65_536 });
    const value = fc.integer({ min: 0, max: 80_000 });
    fc.assert(
      fc.property(mtu, value, value, (bytes, asked, window) => {
        const options = [
          { name: 'blksize', value: String(asked) },
          { name: 'windowsize', value: String(window) },
        ];
        const { blksize, windowsize } = negotiate(options, { size: 1 }, { mtu: bytes });
        if (asked >= 8) assert.ok(blksize >= 8 && blksize <= Math.min(asked, bytes - 32, 65_464));
        else assert.equal(blksize, 512);
        assert.ok(windowsize >= 1 && windowsize <= Math.min(Math.max(window, 1), 64));
      }),
    );
  });
});
