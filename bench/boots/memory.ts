/** What memory ours takes at the heaviest of these loads, and whether it gives it back. */
import { setTimeout as pause } from 'node:timers/promises';
import { residentBytes } from '../processor-time.ts';
import { type Row, rowOf } from '../report.ts';
import { type Field, SERVER_ADDRESS, type Server, untilIdle } from './field.ts';
import { FILES } from './files.ts';
import { HTTP_PORT, startOurs } from './ours.ts';
import { storm } from './perfdhcp.ts';
import { fetchFile } from './tftp.ts';

/** MB above idle that are few enough, during a load and after it. */
const LIMIT = { during: 60, after: 30 };
/** How long after the load it may take, s. */
const FALLS = 30;
const SAMPLE_MS = 100;
const MACHINES = 3000;
const CLIENTS = { tftp: 200, http: 50 };

/** What one load took, MB above idle. */
type Taken = { highest: number; after: number };

/** Measures for some two minutes: an appliance that is new for each of the loads. */
export async function benchMemory(field: Field, files: string, progress: (text: string) => void): Promise<Row[]> {
  const programs = { tftp: await field.compiled('tftp-load'), http: await field.compiled('http-load') };
  const fetch = (clients: number) =>
    fetchFile(field, [programs.tftp], { address: SERVER_ADDRESS, file: FILES.loader, windowsize: 1, clients });
  const download = (clients: number) =>
    field.run(programs.http, [SERVER_ADDRESS, String(HTTP_PORT), `/files/${FILES.initrd.name}`, String(clients), '1']);
  const loads: Record<string, () => Promise<unknown>> = {
    [`${MACHINES} machines that ask for an address at once`]: () => storm(field, MACHINES),
    [`${CLIENTS.tftp} TFTP clients`]: () => fetch(CLIENTS.tftp),
    [`${CLIENTS.http} downloads`]: () => download(CLIENTS.http),
  };
  const taken: (Taken & { load: string })[] = [];
  for (const [load, run] of Object.entries(loads)) {
    progress(`memory, ${load}`);
    const ours = await startOurs(field, files);
    try {
      // One of each, so that what is compiled on the way is there.
      await storm(field, 10);
      await fetch(1);
      await download(1);
      taken.push({ load, ...(await memoryOf(ours, run)) });
    } finally {
      await ours.stop();
    }
  }
  const common = { unit: 'MB', better: 'less', goal: 1, peerName: 'the limit' } as const;
  const details = (of: keyof Taken) =>
    Object.fromEntries(taken.map((each) => [`MB, ${each.load}`, Math.round(each[of])]));
  return [
    rowOf({
      ...common,
      name: 'memory above idle at the heaviest of these loads',
      ours: [Math.max(...taken.map(({ highest }) => highest))],
      peer: LIMIT.during,
      details: details('highest'),
    }),
    rowOf({
      ...common,
      name: `memory above idle ${FALLS} s after the heaviest of them`,
      ours: [Math.max(...taken.map(({ after }) => after))],
      peer: LIMIT.after,
      details: details('after'),
    }),
  ];
}

async function memoryOf(ours: Server, run: () => Promise<unknown>): Promise<Taken> {
  const resident = (): number => residentBytes(ours.pid) / 1e6;
  await untilIdle(ours);
  await pause(2000);
  const idle = resident();
  let highest = idle;
  const timer = setInterval(() => {
    highest = Math.max(highest, resident());
  }, SAMPLE_MS);
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
  await pause(FALLS * 1000);
  // A ratio to nothing would say nothing.
  return { highest: Math.max(highest - idle, 1), after: Math.max(resident() - idle, 1) };
}
