/** What the benchmark makes of its measurements. The measuring itself is not tested: it would tell of this machine only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseArguments } from '../../bench/arguments.ts';
import { figureOf } from '../../bench/figure.ts';
import { type Measure, rowOf, rowsOf, tableOf } from '../../bench/report.ts';

const TFTP: Measure = {
  what: 'tftp throughput',
  conditions: { blksize: 1468, windowsize: 16 },
  unit: 'MB/s',
  better: 'more',
  servers: [
    { server: 'tinsmith', figure: figureOf([120, 150, 90]) },
    { server: 'tftpd-hpa', figure: figureOf([80, 60, 100]) },
    { server: 'atftpd', figure: figureOf([240, 240, 240]) },
  ],
};

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

describe('the rows of a measure', () => {
  it('have a ratio above 1 where ours is better, be it more or less', () => {
    const ratios = (measure: Measure) => rowsOf(measure).map(({ peerName, ratio }) => [peerName, ratio]);
    assert.deepEqual(ratios(TFTP), [
      ['tftpd-hpa', 1.5],
      ['atftpd', 0.5],
    ]);
    assert.deepEqual(ratios({ ...TFTP, better: 'less' }), [
      ['tftpd-hpa', 80 / 120],
      ['atftpd', 2],
    ]);
  });

  it('keep figures and conditions, ours and theirs apart', () => {
    const [row] = rowsOf(TFTP);
    assert.equal(row?.name, 'tftp throughput, blksize 1468, windowsize 16');
    assert.deepEqual([row?.ours, row?.peer, row?.unit], [120, 80, 'MB/s']);
    assert.deepEqual(row?.figures, {
      ours: { median: 120, min: 90, max: 150, rounds: 3 },
      peer: { median: 80, min: 60, max: 100, rounds: 3 },
    });
  });

  it('are none without a peer, and refused without a figure of ours', () => {
    assert.deepEqual(rowsOf({ ...TFTP, servers: TFTP.servers.slice(0, 1) }), []);
    assert.throws(() => rowsOf({ ...TFTP, servers: TFTP.servers.slice(1) }), /tftp throughput/);
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
});

describe('the table', () => {
  const cellsOf = (line: string | undefined): string[] =>
    (line ?? '')
      .split('│')
      .map((cell) => cell.trim())
      .slice(1, -1);

  it('has a line for each peer, with ours, theirs and ratio', () => {
    const lines = tableOf(rowsOf(TFTP)).split('\n');
    assert.deepEqual(cellsOf(lines.find((each) => each.includes('tftpd-hpa'))), [
      ...['tftp throughput, blksize 1468, windowsize 16', 'MB/s'],
      ...['120 (90 to 150)', '80 (60 to 100)', 'tftpd-hpa', '1.50', ''],
    ]);
    assert.equal(lines.filter((each) => each.includes('tftp throughput')).length, 2);
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
  it('takes what is to be measured, and --json', () => {
    assert.deepEqual(parseArguments(['boots']), { kind: 'measure', suite: 'boots', json: false });
    assert.deepEqual(parseArguments(['--json', 'boots']), { kind: 'measure', suite: 'boots', json: true });
    assert.deepEqual(parseArguments(['workflows']), { kind: 'measure', suite: 'workflows', json: false });
    assert.deepEqual(parseArguments(['machines', '--json']), { kind: 'measure', suite: 'machines', json: true });
    assert.deepEqual(parseArguments(['boots', '--help']), { kind: 'help' });
  });

  for (const words of [[], ['--json'], ['boot'], ['boots', 'boots'], ['boots', '--jsn'], ['boots', 'x', '--json']]) {
    it(`refuses "${words.join(' ')}"`, () => {
      assert.equal(parseArguments(words).kind, 'usage-error');
    });
  }
});
