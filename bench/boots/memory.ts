/** What memory ours takes at the heaviest of these loads, and whether it gives it back. */
import { setTimeout as pause } from 'node:timers/promises';
import { residentBytes } from '../processor-time.ts';
import { type Row, rowOf } from '../report.ts';
import { type Field, SERVER_ADDRESS, type Server, untilIdle } from './field.ts';
import { FILES } from './files.ts';
import { HTTP_PORT } from './ours.ts';
import { storm } from './perfdhcp.ts';
import { fetchFile } from './tftp.ts';

/** MB above idle that are few enough. */
const LIMIT = 60;
/** How much of that may be left, and how long after the loads. */
const LEFT = 0.5;
const FALLS_MS = 90_000;
const SAMPLE_MS = 100;

/** Measures for about two minutes. */
export async function benchMemory(field: Field, ours: Server, progress: (text: string) => void): Promise<Row[]> {
  const tftp = await field.compiled('tftp-load');
  const http = await field.compiled('http-load');
  const resident = (): number => residentBytes(ours.pid) / 1e6;
  const fetch = (clients: number) =>
    fetchFile(field, [tftp], { address: SERVER_ADDRESS, file: FILES.loader, windowsize: 1, clients });
  const download = (clients: number) =>
    field.run(http, [SERVER_ADDRESS, String(HTTP_PORT), `/files/${FILES.initrd.name}`, String(clients), '1']);
  progress('memory');
  // One of each, so that what is compiled on the way is there.
  await storm(field, 10);
  await fetch(1);
  await download(1);
  await untilIdle(ours);
  await pause(2000);
  const idle = resident();
  let highest = idle;
  const timer = setInterval(() => {
    highest = Math.max(highest, resident());
  }, SAMPLE_MS);
  const highestOf: Record<string, number> = {};
  const loads = {
    '3,000 machines at once': () => storm(field, 3000),
    '200 TFTP clients': () => fetch(200),
    '50 downloads': () => download(50),
  };
  for (const [name, load] of Object.entries(loads)) {
    highest = resident();
    progress(`memory, ${name}`);
    await load();
    highestOf[`MB above idle, ${name}`] = Math.round(highest - idle);
  }
  clearInterval(timer);
  const until = Date.now() + FALLS_MS;
  let after = resident() - idle;
  while (after > LIMIT * LEFT && Date.now() < until) {
    await pause(1000);
    after = resident() - idle;
  }
  const common = { unit: 'MB', better: 'less', goal: 1 } as const;
  return [
    rowOf({
      ...common,
      name: 'memory above idle at the heaviest',
      ours: [Math.max(...Object.values(highestOf))],
      peer: LIMIT,
      peerName: 'the limit',
      details: { ...highestOf, 'MB, idle': Math.round(idle) },
    }),
    rowOf({
      ...common,
      name: `memory above idle, at most ${FALLS_MS / 1000} s later`,
      ours: [Math.max(after, 1)],
      peer: LIMIT * LEFT,
      peerName: 'the limit',
    }),
  ];
}
