/**
 * Our DHCP server for the benchmark: with the store, the machines, the decision and the trace of the appliance, but
 * nothing else of it. Takes its setting as JSON in the first parameter and tells one line of JSON when it serves.
 */
import { pino } from 'pino';
import { DhcpContexts } from '../../src/appliance/dhcp-contexts.ts';
import { amongOwn, ownNetworks, startDhcp } from '../../src/boots/dhcp/index.ts';
import { Trace } from '../../src/boots/trace.ts';
import { Machines } from '../../src/machines/machines.ts';
import { EventLog, openStore } from '../../src/store/index.ts';
import { hardwareOf, MACHINES, NETMASK, SERVER_ADDRESS } from './dhcp-machines.ts';

export type Setting = { interface: string; data: string };
export type Line = { pid: number };

async function serve(setting: Setting): Promise<void> {
  const clock = (): number => Date.now();
  const store = await openStore(setting.data);
  const machines = new Machines(store, await EventLog.open(store, clock), clock);
  await machines.push(Array.from({ length: MACHINES }, (_, index) => hardwareOf(index)));
  const contexts = new DhcpContexts(machines, (address) => `http://${address}:8080`, clock);
  const trace = new Trace(clock);
  // As the appliance does for the streams of its API, which find the machine of each entry.
  trace.listen((entry) => void machines.byMac(entry.mac));
  const interfaces = [{ name: setting.interface, address: SERVER_ADDRESS, netmask: NETMASK }];
  const own = ownNetworks(interfaces, { mode: 'reservation', ranges: [] });
  await startDhcp({
    interfaces,
    networkOf: amongOwn(own, 'reservation'),
    port67: 67,
    proxyPort4011: undefined,
    contextFor: (packet, from) => contexts.of(packet, from),
    note: (entry) => {
      contexts.take(entry);
      trace.note({
        mac: entry.mac,
        role: 'dhcp',
        what: entry.what,
        outcome: entry.outcome === 'noted' ? 'completed' : entry.outcome,
        reason: entry.reason,
        sentence: entry.sentence,
        details: { ...entry.details, interface: entry.interface },
      });
    },
    log: pino({ level: 'warn' }, pino.destination(2)),
  });
  const line: Line = { pid: process.pid };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? ''));
