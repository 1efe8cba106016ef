/**
 * DHCP, ours against dnsmasq: exchanges of DISCOVER, OFFER, REQUEST and ACK with PXE clients that all have a reservation
 * and a boot file on both sides. The load is perfdhcp's, as behind a relay agent. Each server has a network namespace
 * and a client of its own, on one cable; they take turns.
 *
 * perfdhcp and the server share the processors: the rate is what the two reach together, and the server's processor
 * time says how much of that was the server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { TinsmithError } from '../../src/errors.ts';
import { needTools, TestNetwork } from '../../test/peers/dhcp-network.ts';
import { type Figure, figureOf } from '../figure.ts';
import { countProcessorSeconds, hasBoundUdp } from '../processor-time.ts';
import {
  addressOf,
  CLIENT_ADDRESS,
  FIRST_MAC,
  MACHINES,
  macOf,
  NETMASK,
  PREFIX,
  SERVER_ADDRESS,
} from './dhcp-machines.ts';
import type { Line, Setting } from './dhcp-server.ts';

export type DhcpResult = {
  server: 'tinsmith' | 'dnsmasq';
  /** The most that were completed, of all the rates offered. */
  exchangesPerSecond: Figure;
  /** The server's processor time at that rate. */
  cpuMicrosecondsPerExchange: Figure;
};

type Running = { server: DhcpResult['server']; client: string; pid: number };
type Load = { exchangesPerSecond: number; cpuMicrosecondsPerExchange: number };

/** Exchanges begun a second. perfdhcp does not go beyond about 15,000 on two processors. */
const RATES = [1000, 1500, 2250, 3400, 5100, 7600, 11_400, 17_000];
/** A server that completes less of what is offered, twice in a row, has reached its most. */
const KEEPS_UP = 0.8;
const SECONDS_PER_RATE = 1;
const ROUNDS = 3;
const PATIENCE_MS = 20_000;
const IDLE_MS = 100;
/** Options 60 and 93 of a UEFI firmware for x86-64 (RFC 4578). */
const FIRMWARE = ['-o', `60,${Buffer.from('PXEClient:Arch:00007:UNDI:003016').toString('hex')}`, '-o', '93,0007'];

/**
 * Measures both servers. Needs root and the packages dnsmasq-base, iproute2 and kea-admin.
 *
 * @throws Error where one of them is missing; TinsmithError UNAVAILABLE for a server that does not start, INTERNAL where
 *   perfdhcp fails
 */
export async function benchDhcp(): Promise<DhcpResult[]> {
  needTools({ ip: 'iproute2', perfdhcp: 'kea-admin', dnsmasq: 'dnsmasq-base' });
  const network = new TestNetwork();
  const dnsmasq: ChildProcess[] = [];
  try {
    const servers = [await startOurs(network), await startDnsmasq(network, dnsmasq)];
    const rounds = servers.map((running) => ({ running, loads: [] as Load[] }));
    for (const { running } of rounds) await climb(network, running); // warms caches and compilers
    for (let round = 0; round < ROUNDS; round++) {
      for (const { running, loads } of rounds) loads.push(await climb(network, running));
    }
    return rounds.map(({ running, loads }) => ({
      server: running.server,
      exchangesPerSecond: figureOf(loads.map((load) => load.exchangesPerSecond)),
      cpuMicrosecondsPerExchange: figureOf(loads.map((load) => load.cpuMicrosecondsPerExchange)),
    }));
  } finally {
    for (const child of dnsmasq) await stop(child);
    await network.remove();
  }
}

async function startOurs(network: TestNetwork): Promise<Running> {
  const { at, client } = place(network, 'ours');
  const program = join('..', '..', 'bench', 'boots', 'dhcp-server.ts');
  const setting: Setting = { interface: at.device, data: network.directory };
  const { pid } = await network.start<Line>(at.in, program, setting).told(() => true);
  return { server: 'tinsmith', client, pid };
}

/** Without its file of leases and its pings, which would make it slower. */
async function startDnsmasq(network: TestNetwork, started: ChildProcess[]): Promise<Running> {
  const { at, client } = place(network, 'dm');
  const hosts = join(network.directory, 'hosts');
  const lines = Array.from({ length: MACHINES }, (_, index) => `${macOf(index)},node${index},${addressOf(index)}\n`);
  writeFileSync(hosts, lines.join(''));
  const [command, parameters] = network.inside(
    at.in,
    'dnsmasq',
    ...['--conf-file=/dev/null', '--port=0', '--keep-in-foreground', '--user=root', '--pid-file='],
    ...[`--interface=${at.device}`, '--bind-interfaces', `--dhcp-range=198.18.0.0,static,${NETMASK}`],
    ...[`--dhcp-hostsfile=${hosts}`, '--leasefile-ro', `--dhcp-lease-max=${2 * MACHINES}`, '--no-ping'],
    ...['--dhcp-boot=snponly.efi', '--quiet-dhcp', '--log-facility=/dev/null'],
  );
  const child = spawn(command, parameters, { stdio: 'ignore' });
  started.push(child);
  const { pid = 0 } = child;
  const until = Date.now() + PATIENCE_MS;
  while (!hasBoundUdp(pid, 67)) {
    if (child.exitCode !== null || Date.now() > until) {
      throw new TinsmithError('UNAVAILABLE', `dnsmasq does not serve DHCP: ${child.spawnargs.join(' ')}`);
    }
    await pause(20);
  }
  return { server: 'dnsmasq', client, pid };
}

/** A namespace for a server and one for its client, joined by a cable. */
function place(network: TestNetwork, name: string) {
  const at = { in: `${name}s`, device: 's0', address: `${SERVER_ADDRESS}/${PREFIX}` };
  const client = `${name}c`;
  network.add(at.in, client);
  network.cable(at, { in: client, device: 'c0', address: `${CLIENT_ADDRESS}/${PREFIX}` });
  return { at, client };
}

/** Offers more and more until the server no longer keeps up. The load of which the most was completed. */
async function climb(network: TestNetwork, running: Running): Promise<Load> {
  let best: Load = { exchangesPerSecond: 0, cpuMicrosecondsPerExchange: Number.NaN };
  let behind = 0;
  for (const rate of RATES) {
    const load = await offer(network, running, rate);
    if (load.exchangesPerSecond > best.exchangesPerSecond) best = load;
    behind = load.exchangesPerSecond < KEEPS_UP * rate ? behind + 1 : 0;
    if (behind === 2) break;
  }
  return best;
}

async function offer(network: TestNetwork, { server, client, pid }: Running, rate: number): Promise<Load> {
  await untilIdle(pid);
  if (!hasBoundUdp(pid, 67))
    throw new TinsmithError('UNAVAILABLE', `${server} has ended in the middle of the measurement`);
  const counted = countProcessorSeconds(pid);
  const [command, parameters] = network.inside(
    client,
    'perfdhcp',
    ...['-4', '-r', String(rate), '-R', String(MACHINES), '-b', `mac=${FIRST_MAC}`, '-p', String(SECONDS_PER_RATE)],
    ...[...FIRMWARE, SERVER_ADDRESS],
  );
  const child = spawn(command, parameters, { stdio: ['ignore', 'pipe', 'inherit'], timeout: PATIENCE_MS });
  const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  const cpu = counted();
  const perSecond = Number(/^Rate: ([\d.e+]+) 4-way/m.exec(said)?.[1]);
  const exchanges = Number(/REQUEST-ACK[\s\S]*?^received packets: (\d+)/m.exec(said)?.[1]);
  // Its status is 3 where some were not answered.
  if (![0, 3].includes(status) || !Number.isFinite(perSecond) || !Number.isFinite(exchanges)) {
    throw new TinsmithError('INTERNAL', `perfdhcp ended with ${status} at ${rate} exchanges a second: ${said}`);
  }
  return { exchangesPerSecond: perSecond, cpuMicrosecondsPerExchange: (cpu / exchanges) * 1e6 };
}

/** Waits until the server has worked off what the last load left in its socket. */
async function untilIdle(pid: number): Promise<void> {
  const until = Date.now() + PATIENCE_MS;
  let busy = true;
  while (busy && Date.now() < until) {
    const counted = countProcessorSeconds(pid);
    await pause(IDLE_MS);
    busy = counted() > (IDLE_MS / 1000) * 0.05;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill();
  await exited;
}
