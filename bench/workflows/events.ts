/** A million stored events: how soon a workflow's newest are found, how soon the appliance starts, what they take. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { claimDataDirectory, EventLog, openStore } from '../../src/store/index.ts';
import { type Row, rowOf } from '../report.ts';

const EVENTS = 1_000_000;
const WORKFLOWS = 1000;
const IN_ONE_CHANGE = 1000;
const QUESTIONS = 1000;
const STARTS = 5;
const ROUNDS = 3;
const NAMES = ['stream-image', 'write-netplan', 'create-user', 'enable-ssh', 'grub', 'cloud-init', 'kexec', 'report'];

/** Measures for about a minute. */
export async function benchEvents(progress: (text: string) => void): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-events-'));
  try {
    claimDataDirectory(folder).release();
    const workflows = Array.from({ length: WORKFLOWS }, () => randomUUID());
    progress('writing a million events');
    await fill(folder, workflows);
    progress('starting with a million events');
    const starts: number[] = [];
    for (let n = 0; n < STARTS; n++) starts.push(await start(folder));
    // Written in half a minute, they would be sorted by the store for a while yet.
    const megabytes = await compact(folder);
    progress('the newest events of a workflow');
    const newest: number[] = [];
    for (let n = 0; n < ROUNDS; n++) newest.push(await askForNewest(folder, workflows));
    const stored = `with ${EVENTS / 1e6} million events stored`;
    const limit = { peerName: 'the limit', better: 'less', goal: 1 } as const;
    return [
      rowOf({
        name: `${stored}: the last 100 of one workflow, 99th percentile`,
        ours: newest,
        peer: 5,
        unit: 'ms',
        ...limit,
      }),
      rowOf({ name: `${stored}: start to /readyz`, ours: starts, peer: 2, unit: 's', ...limit }),
      rowOf({
        name: `disk for ${EVENTS / 1e6} million events, compacted`,
        ours: [megabytes],
        peer: 60,
        unit: 'MB',
        ...limit,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Events as the engine writes them for a thousand workflows that run at once. */
async function fill(folder: string, workflows: readonly string[]): Promise<void> {
  const machines = workflows.map(() => randomUUID());
  const boots = workflows.map(() => randomUUID());
  const store = await openStore(folder);
  let now = Date.now() - EVENTS;
  const events = await EventLog.open(store, () => now);
  for (let first = 0; first < EVENTS; first += IN_ONE_CHANGE) {
    await store.change((transaction) => {
      for (let n = first; n < first + IN_ONE_CHANGE; n++) {
        now++;
        const which = n % WORKFLOWS;
        const step = Math.floor(n / WORKFLOWS);
        const action = (step >> 1) % NAMES.length;
        const about = { workflow: workflows[which] ?? '', machine: machines[which] ?? '' };
        const common = { action, attempt: 1 + (step >> 4), boot: boots[which], at: now - (n % 40) };
        const named = { task: 'os-installation', name: NAMES[action] };
        events.append(
          transaction,
          step % 2 === 0
            ? { kind: 'action.started', ...about, data: { ...common, heardAt: now, ...named } }
            : {
                kind: 'action.ended',
                ...about,
                data: {
                  ...common,
                  ...{ state: 'SUCCESS', seconds: ((n * 31) % 90_000) / 1000, exitCode: 0, message: 'finished' },
                  ...{ logTail: [], diskWrites: { sda: (n * 4096) % 1e9 }, bootableDisks: ['sda'] },
                  ...named,
                },
              },
        );
      }
    });
  }
  await store.close();
}

/** The 99th percentile of many questions to a process that has just begun to read, ms. */
async function askForNewest(folder: string, workflows: readonly string[]): Promise<number> {
  const store = await openStore(folder);
  const events = await EventLog.open(store, Date.now);
  const times: number[] = [];
  for (let n = 0; n < QUESTIONS; n++) {
    const workflow = workflows[Math.floor(Math.random() * workflows.length)] ?? '';
    const began = performance.now();
    const found = await events.ofWorkflow(workflow, { last: 100 });
    times.push(performance.now() - began);
    if (found.length !== 100) throw new Error(`${found.length} of 100 events were found`);
  }
  await store.close();
  return times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
}

/** Seconds from the start of the process until it says that it is ready. */
async function start(folder: string): Promise<number> {
  const port = await freePort();
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
  const off = [
    '--syslog',
    'off',
    '--log-level',
    'warn',
    '--dhcp',
    'off',
    '--tftp',
    'off',
    '--grpc',
    'off',
    '--provisioner',
    'off',
  ];
  const args = [main, 'up', '--data', folder, '--http-address', '127.0.0.1', '--http-port', String(port), ...off];
  const began = performance.now();
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (ready) break;
    if (child.exitCode !== null) throw new Error(`tinsmith up ended with ${child.exitCode}`);
    await pause(5);
  }
  const seconds = (performance.now() - began) / 1000;
  child.kill('SIGTERM');
  await exited;
  return seconds;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Compacts the store. @returns megabytes that it takes then */
async function compact(folder: string): Promise<number> {
  const { Level } = await import('level');
  const location = join(folder, 'db');
  const db = new Level<string, string>(location);
  await db.open();
  // On Node, Level is ClassicLevel; the types of `level` cover only what browsers have too.
  await (db as unknown as { compactRange(start: string, end: string): Promise<void> }).compactRange('', '\uffff');
  await db.close();
  let bytes = 0;
  for (const name of await readdir(location))
    if (existsSync(join(location, name))) bytes += (await stat(join(location, name))).size;
  return bytes / 1e6;
}
