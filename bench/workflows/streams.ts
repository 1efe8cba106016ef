/** Ten thousand workers that wait on the event stream: their memory, and how soon one, or all, are told. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { type Row, rowOf } from '../report.ts';
import { type Child, startChild } from './asked.ts';
import { compiled } from './compiled.ts';
import { makeMachines } from './made.ts';

const WORKERS = 10_000;
const ROUNDS = 3;
const TOLD_ALONE = 1000;
const BROADCASTS = 5;

/** Measures for about a minute. */
export async function benchStreams(progress: (text: string) => void): Promise<Row[]> {
  progress('streams of ten thousand workers');
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-streams-'));
  try {
    const load = await compiled('stream-load', folder);
    const data = join(folder, 'data');
    const file = join(folder, 'workers');
    await makeMachines(data, file, WORKERS, 0);
    const machines = (await readFile(file, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[3] ?? '');
    const rounds: Round[] = [];
    const bare: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(await measure(load, data, file, machines));
      bare.push(await measureBare(load, file));
    }
    const few = `${WORKERS} workers`;
    return [
      rowOf({
        name: `memory of each of ${few} on the event stream`,
        ours: rounds.map(({ bytes }) => bytes / 1000),
        peer: bare.map((bytes) => bytes / 1000),
        peerName: 'a bare Node server with open responses',
        unit: 'kB',
        better: 'less',
        goal: 0.9,
      }),
      rowOf({
        name: `an event to one of ${few}, 99th percentile`,
        ours: rounds.map(({ one }) => percentile(one, 0.99)),
        peer: 2,
        peerName: 'the limit',
        unit: 'ms',
        better: 'less',
        goal: 1,
        details: {
          'median, ms': round3(
            percentile(
              rounds.flatMap(({ one }) => one),
              0.5,
            ),
          ),
        },
      }),
      rowOf({
        name: `an event to all of ${few}, until the last has it`,
        ours: rounds.flatMap(({ all }) => all),
        peer: 250,
        peerName: 'the limit',
        unit: 'ms',
        better: 'less',
        goal: 1,
      }),
      rowOf({
        name: `longest slice of the event loop while all of ${few} are told`,
        ours: rounds.flatMap(({ slices }) => slices),
        peer: 5,
        peerName: 'the limit',
        unit: 'ms',
        better: 'less',
        goal: 1,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `bytes` for each stream; times in ms. */
interface Round {
  bytes: number;
  one: number[];
  all: number[];
  /** The longest of each time that all were told. */
  slices: number[];
}

async function measure(load: string, data: string, file: string, machines: string[]): Promise<Round> {
  const child = await startChild('appliance.ts', [data]);
  try {
    const before = await memoryOf(child);
    const clients = await openStreams(load, child.port, file);
    const bytes = (await memoryOf(child)) - before;
    const chosen = Array.from(
      { length: TOLD_ALONE },
      () => machines[Math.floor(Math.random() * machines.length)] ?? '',
    );
    const { times: alone = [] } = await child.ask({ ask: 'tell one', machines: chosen });
    await clients.until(TOLD_ALONE);
    const one = delays(alone, clients.take());
    const all: number[] = [];
    const slices: number[] = [];
    for (let n = 0; n < BROADCASTS; n++) {
      const { times = [], longestSliceMs = 0 } = await child.ask({ ask: 'tell all' });
      await clients.until(machines.length);
      const last = clients.take().reduce((latest, { at }) => (at > latest ? at : latest), 0n);
      all.push(Number(last - BigInt(times[0]?.[1] ?? '0')) / 1e6);
      slices.push(longestSliceMs);
    }
    await clients.stop();
    return { bytes: bytes / machines.length, one, all, slices };
  } finally {
    await child.stop();
  }
}

/** Bytes for each stream. */
async function measureBare(load: string, file: string): Promise<number> {
  const child = await startChild('bare-streams.ts', []);
  try {
    const before = await memoryOf(child);
    const clients = await openStreams(load, child.port, file);
    const after = await memoryOf(child);
    await clients.stop();
    return (after - before) / WORKERS;
  } finally {
    await child.stop();
  }
}

async function memoryOf(child: Child): Promise<number> {
  await pause(1000);
  return (await child.ask({ ask: 'memory' })).memory ?? 0;
}

interface Arrival {
  machine: string;
  at: bigint;
}

interface Clients {
  /** Waits until so many events have come since the last `take`. */
  until(count: number): Promise<void>;
  take(): Arrival[];
  stop(): Promise<void>;
}

async function openStreams(load: string, port: number, file: string): Promise<Clients> {
  const child: ChildProcess = spawn(load, [String(port), file], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const opened = Promise.withResolvers<void>();
  exited.then(([code]) => opened.reject(new Error(`${load} ended with ${code}`))).catch(() => {});
  let arrivals: Arrival[] = [];
  let wanted = { count: Number.POSITIVE_INFINITY, resolve: (): void => {} };
  if (child.stdout === null) throw new Error('no output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [machine = '', at = '0'] = line.split(' ');
    if (machine === 'open') opened.resolve();
    else arrivals.push({ machine, at: BigInt(at) });
    if (arrivals.length >= wanted.count) wanted.resolve();
  });
  await opened.promise;
  return {
    until: (count) =>
      new Promise((resolve) => {
        wanted = { count, resolve };
        if (arrivals.length >= count) resolve();
      }),
    take() {
      const taken = arrivals;
      arrivals = [];
      return taken;
    },
    async stop() {
      child.stdin?.end();
      await exited;
    },
  };
}

/** From telling to arrival, ms; each machine's in their order. */
function delays(told: readonly [string, string][], arrivals: readonly Arrival[]): number[] {
  const of = Map.groupBy(arrivals, ({ machine }) => machine);
  return told.map(([machine, at]) => Number((of.get(machine)?.shift()?.at ?? 0n) - BigInt(at)) / 1e6);
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function round3(value: number): number {
  return Number(value.toPrecision(3));
}
