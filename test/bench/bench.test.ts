/** What the benchmark makes of its measurements. The measuring itself is not tested: it would tell of this machine only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BOOTS_PARTS, parseArguments } from '../../bench/arguments.ts';
import { figureOf } from '../../bench/figure.ts';
import { rowOf, tableOf } from '../../bench/report.ts';
import { each, median, ofOurs, takeTurns } from '../../bench/turns.ts';

const TFTP = {
  name: 'TFTP, windowsize 16',
  ours: [120, 150, 90],
  peer: [80, 60, 100],
  peerName: 'tftpd-hpa',
  unit: 'MB/s',
  better: 'more',
} as const;

describe('a figure', () => {
  it('is the one in the middle, with the least and the most', () => {
    assert.deepEqual(figureOf([9, 100, 1]), { median: 9, min: 1, max: 100, rounds: 3 });
    assert.deepEqual(figureOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, rounds: 4 });
    assert.throws(() => figureOf([]), RangeError);
  });

  it('has as many rounds below its median as above, in whatever order they came', () => {
    const rounds = fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(rounds, (values) => {
        const { median, min, max } = figureOf(values);
        assert.equal(values.filter((value) => value < median).length, values.filter((value) => value > median).length);
        assert.deepEqual([min, max], [Math.min(...values), Math.max(...values)]);
        assert.deepEqual(figureOf(values.toReversed()), figureOf(values));
      }),
    );
  });
});

describe('a row', () => {
  it('is made of rounds, against rounds or against a limit', () => {
    const common = { name: 'one', unit: 'ms', better: 'less', goal: 0.9 } as const;
    const measured = rowOf({ ...common, ours: [2, 4, 3], peer: [6, 6, 7], peerName: 'theirs' });
    assert.deepEqual([measured.ours, measured.peer, measured.ratio, measured.goal], [3, 6, 2, 0.9]);
    const limit = rowOf({ ...common, ours: [4], peer: 2, peerName: 'the limit' });
    assert.deepEqual([limit.ours, limit.peer, limit.ratio], [4, 2, 0.5]);
    assert.equal(limit.figures?.peer, undefined);
    assert.throws(() => rowOf({ ...common, ours: [], peer: 1, peerName: '' }), RangeError);
  });

  it('has a ratio above 1 where ours is better, be it more or less', () => {
    assert.equal(rowOf(TFTP).ratio, 1.5);
    assert.equal(rowOf({ ...TFTP, better: 'less' }).ratio, 80 / 120);
  });

  it('says why there is nothing to compare with', () => {
    const row = rowOf({ ...TFTP, peer: { fault: 'it does not start' }, goal: 1 });
    assert.deepEqual([row.peer, row.ratio, row.fault], [null, null, 'it does not start']);
  });
});

describe('turns', () => {
  it('go round the servers, and leave one out from its first fault on', async () => {
    const asked: string[] = [];
    const outcomes = await takeTurns(3, ['a', 'b'], async (name, round) => {
      asked.push(`${name}${round}`);
      if (name === 'b' && round === 1) throw new Error('b is gone');
      return round * 2;
    });
    assert.deepEqual(asked, ['a0', 'b0', 'a1', 'b1', 'a2']);
    assert.deepEqual(outcomes, [[0, 2, 4], { fault: 'b is gone' }]);
    assert.deepEqual(
      each([1, 2], (n) => -n),
      [-1, -2],
    );
    assert.deepEqual(
      each({ fault: 'x' }, (n: number) => n),
      { fault: 'x' },
    );
    assert.throws(() => ofOurs({ fault: 'ours is gone' }), /ours is gone/);
    assert.equal(median([3, 1, 2]), 2);
  });
});

describe('the table', () => {
  const cellsOf = (line: string | undefined): string[] =>
    (line ?? '')
      .split('│')
      .map((cell) => cell.trim())
      .slice(1, -1);

  it('has a line for each row, with ours, theirs and ratio', () => {
    const lines = tableOf([rowOf(TFTP)]).split('\n');
    assert.deepEqual(cellsOf(lines.find((line) => line.includes('tftpd-hpa'))), [
      ...['TFTP, windowsize 16', 'MB/s', '120 (90 to 150)', '80 (60 to 100)', 'tftpd-hpa', '1.50', ''],
    ]);
  });

  it('says what could not be measured, and why, and that its goal was missed', () => {
    const text = tableOf([rowOf({ ...TFTP, peer: { fault: 'it does not start' }, goal: 1 })]);
    assert.match(text, /none .* 1 missed/);
    assert.match(text, /TFTP, windowsize 16: nothing of tftpd-hpa: it does not start/);
  });

  it('says which goals were missed', () => {
    const row = { name: 'n', ours: 1, peer: 2, peerName: 'p', unit: 'u', ratio: 0.5 };
    const goals = [0.4, 0.6].map((goal) =>
      cellsOf(
        tableOf([{ ...row, goal }])
          .split('\n')
          .find((line) => line.includes(' n ')),
      ).at(-1),
    );
    assert.deepEqual(goals, ['0.4', '0.6 missed']);
  });
});

describe('the command line', () => {
  it('takes what is to be measured, parts of it, and --json', () => {
    const all = { kind: 'measure', only: BOOTS_PARTS, json: false };
    assert.deepEqual(parseArguments(['boots']), { ...all, suite: 'boots' });
    assert.deepEqual(parseArguments(['--json', 'boots']), { ...all, suite: 'boots', json: true });
    assert.deepEqual(parseArguments(['workflows']), { ...all, suite: 'workflows' });
    assert.deepEqual(parseArguments(['machines', '--json']), { ...all, suite: 'machines', json: true });
    assert.deepEqual(parseArguments(['boots', '--only', 'loss,dhcp', '--json']), {
      ...{ kind: 'measure', suite: 'boots', only: ['dhcp', 'loss'], json: true },
    });
    assert.deepEqual(parseArguments(['boots', '--help']), { kind: 'help' });
  });

  for (const words of [
    [],
    ['--json'],
    ['boot'],
    ['boots', 'boots'],
    ['boots', '--jsn'],
    ['boots', 'x', '--json'],
    ['boots', '--only'],
    ['boots', '--only', 'dhcp,x'],
    ['workflows', '--only', 'dhcp'],
  ]) {
    it(`refuses "${words.join(' ')}"`, () => {
      assert.equal(parseArguments(words).kind, 'usage-error');
    });
  }
});
