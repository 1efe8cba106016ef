/** The lab's network: a bridge with the appliance's address, and a cable (tap) for each machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from './firmware.ts';
import { run } from './shell.ts';

export const NETWORK = { bridge: 'lab0', address: '192.168.77.1', netmask: '255.255.255.0', prefix: 24 };

/** What a lab machine is called, and its addresses. `number` counts from 1. */
export interface LabMachine {
  number: number;
  architecture: Architecture;
  name: string;
  mac: string;
  address: string;
  tap: string;
  uuid: string;
}

export function labMachine(number: number, architecture: Architecture): LabMachine {
  const hex = number.toString(16).padStart(2, '0');
  return {
    number,
    architecture,
    name: `node${number}`,
    mac: `52:54:00:77:00:${hex}`,
    address: `192.168.77.${50 + number}`,
    tap: `tap${number}`,
    uuid: `7175736d-6974-4468-9962-0000000000${hex}`,
  };
}

/** Makes the network inside the namespace that this process is in. */
export function makeNetwork(machines: readonly LabMachine[]): void {
  const { bridge, address, prefix } = NETWORK;
  run('ip', ['link', 'set', 'lo', 'up']);
  run('ip', ['link', 'add', bridge, 'type', 'bridge']);
  run('ip', ['address', 'add', `${address}/${prefix}`, 'dev', bridge]);
  run('ip', ['-6', 'address', 'add', 'fd77::1/64', 'dev', bridge, 'nodad']);
  run('ip', ['link', 'set', bridge, 'up']);
  for (const { tap } of machines) {
    run('ip', ['tuntap', 'add', tap, 'mode', 'tap']);
    run('ip', ['link', 'set', tap, 'master', bridge, 'up']);
  }
}

/**
 * The network's IPv6 router, as any home has one: iPXE asks for one beside DHCP, and waits 13 s where none answers.
 * It gives no addresses by DHCP.
 */
export function startIpv6Router(directory: string): ChildProcess {
  const file = join(directory, 'ipv6-router.conf');
  writeFileSync(
    file,
    `port=0\ninterface=${NETWORK.bridge}\nbind-interfaces\nuser=root\nenable-ra\ndhcp-range=fd77::,ra-only,64\nra-param=${NETWORK.bridge},10,0\n`,
  );
  return spawn('dnsmasq', ['--keep-in-foreground', `--conf-file=${file}`, '--pid-file='], { stdio: 'ignore' });
}
