/** What the benchmark makes of its measurements. The measuring itself is not tested: it would tell of this machine only. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseArguments } from '../../bench/arguments.ts';
import { figureOf } from '../../bench/figure.ts';
import { compare, type Measure, tableOf } from '../../bench/report.ts';

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

describe('a comparison', () => {
  it('has a ratio above 1 where ours is better, be it more or less', () => {
    const ratios = (measure: Measure) => compare(measure).theirs.map(({ server, ratio }) => [server, ratio]);
    assert.deepEqual(ratios(TFTP), [
      ['tftpd-hpa', 1.5],
      ['atftpd', 0.5],
    ]);
    assert.deepEqual(ratios({ ...TFTP, better: 'less' }), [
      ['tftpd-hpa', 80 / 120],
      ['atftpd', 2],
    ]);
  });

  it('keeps figures and conditions, ours and theirs apart', () => {
    const { ours, theirs, conditions } = compare(TFTP);
    assert.deepEqual(ours, { median: 120, min: 90, max: 150, rounds: 3 });
    assert.equal(theirs[0]?.figure.max, 100);
    assert.deepEqual(conditions, { blksize: 1468, windowsize: 16 });
  });

  it('is refused without a figure of ours', () => {
    assert.throws(() => compare({ ...TFTP, servers: TFTP.servers.slice(1) }), /tftp throughput/);
  });
});

describe('the table', () => {
  it('has a line for each peer, with ours, theirs and ratio', () => {
    const lines = tableOf([compare(TFTP)]).split('\n');
    const line = lines.find((each) => each.includes('tftpd-hpa')) ?? '';
    const cells = line.split('│').map((cell) => cell.trim());
    assert.deepEqual(cells.slice(1, -1), [
      ...['tftp throughput', 'blksize 1468, windowsize 16', 'MB/s'],
      ...['120 (90 to 150)', 'tftpd-hpa', '80 (60 to 100)', '1.50'],
    ]);
    assert.equal(lines.filter((each) => each.includes('tftp throughput')).length, 2);
  });

  it('shows what was measured of ours alone, too', () => {
    const alone = compare({ ...TFTP, servers: TFTP.servers.slice(0, 1) });
    assert.match(tableOf([alone]), /120 \(90 to 150\) │ - +│ +- │ +- │/);
  });
});

describe('the command line', () => {
  it('takes what is to be measured, and --json', () => {
    assert.deepEqual(parseArguments(['boots']), { kind: 'measure', suite: 'boots', json: false });
    assert.deepEqual(parseArguments(['--json', 'boots']), { kind: 'measure', suite: 'boots', json: true });
    assert.deepEqual(parseArguments(['boots', '--help']), { kind: 'help' });
  });

  for (const words of [[], ['--json'], ['boot'], ['boots', 'boots'], ['boots', '--jsn'], ['boots', 'x', '--json']]) {
    it(`refuses "${words.join(' ')}"`, () => {
      assert.equal(parseArguments(words).kind, 'usage-error');
    });
  }
});
