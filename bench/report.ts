/** What a benchmark says in the end: our figures beside those of the peers, as data and as a table. */
import Table from 'cli-table3';
import type { Figure } from './figure.ts';

/** The name under which our own server is measured. */
export const OURS = 'tinsmith';

/** One thing that was measured of several servers in the same way. */
export type Measure = {
  /** Such as `tftp throughput`. */
  what: string;
  conditions: Record<string, number>;
  unit: string;
  better: 'more' | 'less';
  servers: readonly { server: string; figure: Figure }[];
};

/** A measure with our figure set against each of the others. */
export type Comparison = Omit<Measure, 'servers'> & {
  ours: Figure;
  /** `ratio` of the medians. Above 1 ours is the better one, whether more or less is better. */
  theirs: { server: string; figure: Figure; ratio: number }[];
};

/**
 * Sets our figure against each of the peers'.
 *
 * @throws RangeError for a measure without a figure of ours
 */
export function compare({ servers, ...measure }: Measure): Comparison {
  const ours = servers.find(({ server }) => server === OURS)?.figure;
  if (ours === undefined) throw new RangeError(`${measure.what}: nothing was measured of ${OURS}`);
  const theirs = servers
    .filter(({ server }) => server !== OURS)
    .map(({ server, figure }) => ({ server, figure, ratio: ratioOf(ours, figure, measure.better) }));
  return { ...measure, ours, theirs };
}

function ratioOf(ours: Figure, theirs: Figure, better: Measure['better']): number {
  return better === 'more' ? ours.median / theirs.median : theirs.median / ours.median;
}

/** The comparisons for people: a line for each peer, or one without where there is none. */
export function tableOf(comparisons: readonly Comparison[]): string {
  const table = new Table({
    head: ['measured', 'with', 'unit', 'ours', 'peer', 'theirs', 'ratio'],
    colAligns: ['left', 'left', 'left', 'right', 'left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { what, conditions, unit, ours, theirs } of comparisons) {
    const start = [what, conditionsText(conditions), unit, figureText(ours)];
    for (const { server, figure, ratio } of theirs) {
      table.push([...start, server, figureText(figure), ratio.toFixed(2)]);
    }
    if (theirs.length === 0) table.push([...start, '-', '-', '-']);
  }
  return `${table.toString()}\nmedian (least to most); ratio above 1: ours is the better one`;
}

function conditionsText(conditions: Record<string, number>): string {
  return Object.entries(conditions)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function figureText({ median, min, max }: Figure): string {
  return `${numberText(median)} (${numberText(min)} to ${numberText(max)})`;
}

/** Three digits that count. */
function numberText(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
