/** Action reports of 1,000 workers, each acknowledged after it is synced, against a bare route that only appends. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { countProcessorSeconds } from '../processor-time.ts';
import { type Row, rowOf } from '../report.ts';
import { startChild } from './asked.ts';
import { compiled } from './compiled.ts';
import { makeMachines } from './made.ts';

const WORKERS = 1000;
const ACTIONS = 25;
const ROUNDS = 3;

/** Measures for about a minute. */
export async function benchReports(progress: (text: string) => void): Promise<Row[]> {
  progress('reports of a thousand workers');
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-reports-'));
  try {
    const load = await compiled('report-load', folder);
    const ours: Round[] = [];
    const bare: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const data = join(folder, `ours-${round}`);
      const file = join(folder, `workers-${round}`);
      await makeMachines(data, file, WORKERS, ACTIONS);
      ours.push(await measure(load, 'appliance.ts', data, file));
      bare.push(await measure(load, 'bare-reports.ts', join(folder, `bare-${round}`), file));
    }
    return [
      rowOf({
        name: `action reports of ${WORKERS} workers, synced`,
        ours: ours.map(({ rate }) => rate),
        peer: bare.map(({ rate }) => rate),
        peerName: 'a bare express route that appends 300 bytes',
        unit: '1/s',
        better: 'more',
        goal: 0.6,
        details: {
          'µs of processor time each, ours': median(ours.map(({ cpu }) => cpu)),
          'µs of processor time each, theirs': median(bare.map(({ cpu }) => cpu)),
        },
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `cpu` in µs for each report. */
type Round = { rate: number; cpu: number };

async function measure(load: string, server: string, data: string, file: string): Promise<Round> {
  const child = await startChild(server, [data]);
  try {
    const seconds = countProcessorSeconds(child.pid);
    const { stdout } = await promisify(execFile)(load, [String(child.port), file, String(ACTIONS)]);
    const cpu = seconds();
    const [reports = 0, took = 1] = stdout.trim().split(' ').map(Number);
    return { rate: reports / took, cpu: (cpu * 1e6) / reports };
  } finally {
    await child.stop();
  }
}

function median(values: number[]): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}
