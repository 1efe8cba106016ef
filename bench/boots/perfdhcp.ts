/** The DHCP load: perfdhcp of Debian's kea-admin, in the place of a relay agent, whose clients are PXE firmware. */
import { TinsmithError } from '../../src/errors.ts';
import { type Field, SERVER_ADDRESS, type Server, untilIdle } from './field.ts';

/** More than any server begins in one measurement. Their hardware addresses are this one and those after it. */
export const MACHINES = 10_000;
const FIRST_MAC = '02:0c:01:00:00:00';

const SECONDS = 4;
/** How long it waits for answers in the end, µs: less than the 4 s after which PXE firmware asks again (PXE 2.1). */
const WAIT = 1_500_000;
/** Options 60 and 93 of a UEFI firmware for x86-64 (RFC 4578). */
const FIRMWARE = ['-o', `60,${Buffer.from('PXEClient:Arch:00007:UNDI:003016').toString('hex')}`, '-o', '93,0007'];
const COMMON = ['-4', '-g', 'multi', '-b', `mac=${FIRST_MAC}`, ...FIRMWARE];
/** It says with 3 that some were not answered. */
const STATUSES = [0, 3];

/** What became of exchanges that were begun at one rate. */
export type Load = {
  /** Exchanges that were completed, a second. */
  rate: number;
  /** Of those begun, the share that was not completed. */
  lost: number;
  /** Processor time of the server for each, µs. */
  cpu: number;
};

/** Begins so many exchanges a second. @throws TinsmithError where perfdhcp fails, or the server has ended */
export async function offer(field: Field, server: Server, rate: number): Promise<Load> {
  await untilIdle(server);
  const counted = server.count();
  const args = [...COMMON, '-r', String(rate), '-R', String(MACHINES), '-p', String(SECONDS), '-W', String(WAIT)];
  const said = await field.run('perfdhcp', [...args, SERVER_ADDRESS], { good: STATUSES });
  const cpu = counted();
  const begun = numberIn(said, /DISCOVER-OFFER[\s\S]*?^sent packets: (\d+)/m);
  const completed = numberIn(said, /REQUEST-ACK[\s\S]*?^received packets: (\d+)/m);
  return { rate: completed / SECONDS, lost: 1 - completed / begun, cpu: (cpu / completed) * 1e6 };
}

/** So many machines are switched on at once and ask again until they are answered. @returns seconds until all have a lease */
export async function storm(field: Field, machines: number): Promise<number> {
  const args = [...COMMON, '--scenario', 'avalanche', '-R', String(machines), SERVER_ADDRESS];
  const said = await field.run('perfdhcp', args, { good: STATUSES });
  const [, hours, minutes, seconds] = /It took (\d+):(\d+):([\d.]+) to provision/.exec(said) ?? [];
  if (seconds === undefined) throw new TinsmithError('INTERNAL', `perfdhcp did not say how long it took: ${said}`);
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

function numberIn(said: string, pattern: RegExp): number {
  const found = Number(pattern.exec(said)?.[1]);
  if (!(found > 0)) throw new TinsmithError('INTERNAL', `perfdhcp got no exchange done: ${said.slice(-1000)}`);
  return found;
}
