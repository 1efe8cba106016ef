/** Our side of the benchmark: the whole appliance, as a process of its own, on its usual ports. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { Machines } from '../../src/machines/machines.ts';
import { claimDataDirectory, EventLog, openStore } from '../../src/store/index.ts';
import { hardwareOf, MACHINES } from './dhcp-machines.ts';
import { DEVICE, type Field, type Server } from './field.ts';

/** The range that addresses are given from, by all servers. */
export const RANGE = { from: '198.18.4.0', to: '198.18.67.255' };

export const HTTP_PORT = 8080;

/**
 * How ours gives addresses: from a range, as the peers do; `reservation` is for a build that has no pool, where each
 * machine has an address of its own beforehand.
 */
const DHCP: 'pool' | 'reservation' = 'reservation';

/** Starts the appliance with a data directory of its own. @param files the directory that TFTP and HTTP serve */
export async function startOurs(field: Field, files: string): Promise<Server> {
  const data = field.newFolder('data');
  if (DHCP === 'reservation') await cp(await knownMachines(field), data, { recursive: true });
  const main = join(import.meta.dirname, '../../src/main.ts');
  const dhcp = DHCP === 'pool' ? ['pool', '--range', `${RANGE.from}-${RANGE.to}`] : ['reservation'];
  return field.start({
    name: 'tinsmith',
    program: process.execPath,
    args: [
      ...[main, 'up', '--data', data, '--interface', DEVICE, '--dhcp', ...dhcp, '--http-port', String(HTTP_PORT)],
      ...['--files', files, '--grpc', 'off', '--provisioner', 'off', '--log-level', 'warn', '--log-format', 'json'],
    ],
    udp: [67, 69],
    tcp: [HTTP_PORT],
  });
}

const made = new WeakMap<Field, Promise<string>>();

/** A data directory that knows every machine of the load. */
function knownMachines(field: Field): Promise<string> {
  const known = made.get(field) ?? makeMachines(join(field.folder, 'machines'));
  made.set(field, known);
  return known;
}

async function makeMachines(directory: string): Promise<string> {
  const claimed = claimDataDirectory(directory);
  const clock = (): number => Date.now();
  const store = await openStore(directory);
  const machines = new Machines(store, await EventLog.open(store, clock), clock);
  await machines.push(Array.from({ length: MACHINES }, (_, index) => hardwareOf(index)));
  await store.close();
  claimed.release();
  return directory;
}
