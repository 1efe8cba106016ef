/** What a benchmark says in the end: our figures beside those of the peers, as data and as a table. */
import Table from 'cli-table3';
import { type Figure, figureOf } from './figure.ts';

/** One line of a report: our figure beside one peer's. */
export type Row = {
  name: string;
  /** The median of the rounds. */
  ours: number;
  /** null where there is none; `fault` says why. */
  peer: number | null;
  /** `nginx`, or what the bare figure is of: `a bare express route`. */
  peerName: string;
  unit: string;
  /** Above 1 ours is the better one, whether more or less is better. */
  ratio: number | null;
  /** Why there is nothing to compare with. */
  fault?: string;
  /** The least ratio that is good enough; without one, the row only tells. */
  goal?: number;
  /** The figures with least and most, where there was more than one round. */
  figures?: { ours: Figure; peer?: Figure };
  /** What else was seen: sizes, percentiles. */
  details?: Record<string, number | string>;
};

/** Why a server could not be measured. */
export type Fault = { fault: string };

/**
 * Makes a row of the rounds of both; `peer` is a single number where it is a limit instead of a measurement.
 *
 * @throws RangeError for no rounds
 */
export function rowOf(measured: {
  name: string;
  ours: readonly number[];
  peer: readonly number[] | number | Fault;
  peerName: string;
  unit: string;
  better: 'more' | 'less';
  goal?: number;
  details?: Record<string, number | string>;
}): Row {
  const { name, peerName, unit, better, goal, details, peer } = measured;
  const ours = figureOf(measured.ours);
  const common = {
    name,
    ours: ours.median,
    peerName,
    unit,
    ...(goal === undefined ? {} : { goal }),
    ...(details ? { details } : {}),
  };
  if (typeof peer === 'object' && 'fault' in peer) {
    return { ...common, peer: null, ratio: null, fault: peer.fault, figures: { ours } };
  }
  const theirs = typeof peer === 'number' ? undefined : figureOf(peer);
  const median = typeof peer === 'number' ? peer : figureOf(peer).median;
  const ratio = ratioOf(ours.median, median, better);
  return { ...common, peer: median, ratio, figures: { ours, ...(theirs ? { peer: theirs } : {}) } };
}

function ratioOf(ours: number, theirs: number, better: 'more' | 'less'): number {
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
    const reached = goal === undefined ? '' : `${goal}${isMissed(ratio, goal) ? ' missed' : ''}`;
    const cells = [
      figureText(ours, figures?.ours),
      peer === null ? 'none' : figureText(peer, figures?.peer),
      peerName,
      ratio === null ? '' : ratio.toFixed(2),
      reached,
    ];
    table.push([name, unit, ...cells]);
  }
  const faults = rows.flatMap(({ name, peerName, fault }) =>
    fault === undefined ? [] : [`\n${name}: nothing of ${peerName}: ${fault}`],
  );
  return `${table.toString()}\nmedian (least to most); ratio above 1: ours is the better one${faults.join('')}`;
}

function isMissed(ratio: number | null, goal: number): boolean {
  return ratio === null || ratio < goal;
}

function figureText(value: number, figure: Figure | undefined): string {
  if (figure === undefined || figure.rounds === 1) return numberText(value);
  return `${numberText(value)} (${numberText(figure.min)} to ${numberText(figure.max)})`;
}

/** Three digits that count. */
function numberText(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
