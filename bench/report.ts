/** What a benchmark says in the end: our figures beside those of the peers, as data and as a table. */
import Table from 'cli-table3';
import { type Figure, figureOf } from './figure.ts';

/** The name under which our own server is measured. */
export const OURS = 'tinsmith';

/** One line of a report: our figure beside one peer's. */
export type Row = {
  name: string;
  /** The median of the rounds. */
  ours: number;
  peer: number;
  /** `nginx`, or what the bare figure is of: `a bare express route`. */
  peerName: string;
  unit: string;
  /** Above 1 ours is the better one, whether more or less is better. */
  ratio: number;
  /** The least ratio that is good enough; without one, the row only tells. */
  goal?: number;
  /** The figures with least and most, where there was more than one round. */
  figures?: { ours: Figure; peer?: Figure };
  /** What else was seen: sizes, percentiles. */
  details?: Record<string, number | string>;
};

/**
 * Makes a row of the rounds of both; `peer` is a single number where it is a limit instead of a measurement.
 *
 * @throws RangeError for no rounds
 */
export function rowOf(measured: {
  name: string;
  ours: readonly number[];
  peer: readonly number[] | number;
  peerName: string;
  unit: string;
  better: 'more' | 'less';
  goal?: number;
  details?: Record<string, number | string>;
}): Row {
  const { name, peerName, unit, better, goal, details } = measured;
  const ours = figureOf(measured.ours);
  const peer = typeof measured.peer === 'number' ? undefined : figureOf(measured.peer);
  const theirs = typeof measured.peer === 'number' ? measured.peer : figureOf(measured.peer).median;
  return {
    name,
    ours: ours.median,
    peer: theirs,
    peerName,
    unit,
    ratio: ratioOf(ours.median, theirs, better),
    ...(goal === undefined ? {} : { goal }),
    figures: { ours, ...(peer ? { peer } : {}) },
    ...(details ? { details } : {}),
  };
}

/** One thing that was measured of several servers in the same way. */
export type Measure = {
  /** Such as `tftp throughput`. */
  what: string;
  conditions: Record<string, number>;
  unit: string;
  better: 'more' | 'less';
  servers: readonly { server: string; figure: Figure }[];
};

/**
 * Sets our figure against each of the peers'; without peers there is no row.
 *
 * @throws RangeError for a measure without a figure of ours
 */
export function rowsOf({ what, conditions, unit, better, servers }: Measure): Row[] {
  const ours = servers.find(({ server }) => server === OURS)?.figure;
  if (ours === undefined) throw new RangeError(`${what}: nothing was measured of ${OURS}`);
  const name = [what, ...Object.entries(conditions).map(([each, value]) => `${each} ${value}`)].join(', ');
  return servers
    .filter(({ server }) => server !== OURS)
    .map(({ server, figure }) => ({
      name,
      ours: ours.median,
      peer: figure.median,
      peerName: server,
      unit,
      ratio: ratioOf(ours.median, figure.median, better),
      figures: { ours, peer: figure },
      details: { ...conditions },
    }));
}

function ratioOf(ours: number, theirs: number, better: Measure['better']): number {
  return better === 'more' ? ours / theirs : theirs / ours;
}

/** The rows for people. */
export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['measured', 'unit', 'ours', 'theirs', 'peer', 'ratio', 'goal'],
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, unit, ours, peer, peerName, ratio, goal, figures } of rows) {
    const reached = goal === undefined ? '' : `${goal}${ratio < goal ? ' missed' : ''}`;
    const cells = [
      figureText(ours, figures?.ours),
      figureText(peer, figures?.peer),
      peerName,
      ratio.toFixed(2),
      reached,
    ];
    table.push([name, unit, ...cells]);
  }
  return `${table.toString()}\nmedian (least to most); ratio above 1: ours is the better one`;
}

function figureText(value: number, figure: Figure | undefined): string {
  if (figure === undefined || figure.rounds === 1) return numberText(value);
  return `${numberText(value)} (${numberText(figure.min)} to ${numberText(figure.max)})`;
}

/** Three digits that count. */
function numberText(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
