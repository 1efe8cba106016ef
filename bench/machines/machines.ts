/** A thousand machines that go through three stages, each Task a Job, against a bare route that only appends. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { countProcessorSeconds } from '../processor-time.ts';
import { type Row, rowOf } from '../report.ts';
import { startChild } from '../workflows/asked.ts';
import { compiled } from '../workflows/compiled.ts';
import { makeFleet, STAGES, TASKS } from './fleet.ts';
import { lookWhole, type Whole } from './whole.ts';

const MACHINES = 1000;
const TASKS_EACH = STAGES.length * TASKS;
const JOBS = MACHINES * TASKS_EACH;
const ROUNDS = 3;
/** MB that are few enough. */
const MEMORY = 400;

/**
 * Measures for about a minute and a half.
 *
 * @param progress told what is being measured
 */
export async function benchMachines(progress: (text: string) => void): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-machines-'));
  try {
    const load = await compiled('../machines/agents-load', folder);
    const ours: Round[] = [];
    const bare: Round[] = [];
    const whole: Whole[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      progress(`${MACHINES} machines through ${STAGES.length} stages, round ${round + 1} of ${ROUNDS}`);
      const data = join(folder, `ours-${round}`);
      const file = join(folder, `agents-${round}`);
      await makeFleet(data, file, MACHINES);
      ours.push(await measure(load, '../workflows/appliance.ts', data, file));
      bare.push(await measure(load, '../machines/bare-jobs.ts', join(folder, `bare-${round}`), file));
      whole.push(await lookWhole(data));
      await rm(data, { recursive: true });
    }
    return rows(ours, bare, whole);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function rows(ours: Round[], bare: Round[], whole: Whole[]): Row[] {
  const all = { better: 'more', goal: 1, peerName: 'all' } as const;
  return [
    rowOf({
      name: `task runs of ${MACHINES} machines, each a Job with its log, synced`,
      ours: ours.map(({ rate }) => rate),
      peer: bare.map(({ rate }) => rate),
      peerName: 'a bare express route that appends 300 bytes for each request',
      unit: '1/s',
      better: 'more',
      goal: 0.5,
      details: {
        'µs of processor time each, ours': median(ours.map(({ cpu }) => cpu)),
        'µs of processor time each, theirs': median(bare.map(({ cpu }) => cpu)),
        'requests of each': 4,
        'questions that brought no work': median(ours.map(({ idle }) => idle)),
        'events on the streams': median(ours.map(({ told }) => told)),
      },
    }),
    rowOf({
      name: `memory of the server of ${MACHINES} machines, at its highest`,
      ours: ours.map(({ memory }) => memory),
      peer: MEMORY,
      peerName: 'the limit',
      unit: 'MB',
      better: 'less',
      goal: 1,
      details: { 'MB, theirs': median(bare.map(({ memory }) => memory)) },
    }),
    rowOf({ ...all, name: 'Jobs finished', ours: whole.map(({ jobs }) => jobs), peer: JOBS, unit: 'Jobs' }),
    rowOf({
      ...all,
      name: `machines whose chain of ${TASKS_EACH} Jobs is whole`,
      ours: whole.map(({ chains }) => chains),
      peer: MACHINES,
      unit: 'machines',
    }),
    rowOf({ ...all, name: 'Jobs whose log is whole', ours: whole.map(({ logs }) => logs), peer: JOBS, unit: 'Jobs' }),
  ];
}

/** `rate` of task runs a second; `cpu` in µs for each of them; `memory` in MB. */
type Round = { rate: number; cpu: number; memory: number; idle: number; told: number };

async function measure(load: string, server: string, data: string, file: string): Promise<Round> {
  const child = await startChild(server, [data]);
  try {
    const seconds = countProcessorSeconds(child.pid);
    const { stdout } = await promisify(execFile)(load, [String(child.port), file, String(TASKS_EACH)]);
    const cpu = seconds();
    const memory = await highestMemory(child.pid);
    const [done = 0, took = 1, idle = 0, told = 0] = stdout.trim().split(' ').map(Number);
    return { rate: done / took, cpu: (cpu * 1e6) / done, memory, idle, told };
  } finally {
    await child.stop();
  }
}

/** MB that a process had resident at its highest (proc(5): VmHWM). */
async function highestMemory(pid: number): Promise<number> {
  const kibibytes = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return (Number(kibibytes) * 1024) / 1e6;
}

function median(values: number[]): number {
  return Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0);
}
