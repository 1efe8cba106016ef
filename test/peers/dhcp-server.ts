// Tinsmith's DHCP server as a program of its own, to be run inside a network namespace. Takes its setting as JSON in
// the first parameter; tells by lines of JSON: once `{ "bound": [...] }`, then each note.
import { pino } from 'pino';
import {
  amongOwn,
  type BootAnswer,
  ConflictProbe,
  type DhcpInterface,
  type DhcpMode,
  type DhcpNote,
  type InterfaceSettings,
  ownNetworks,
  type Reservation,
  startDhcp,
} from '../../src/boots/dhcp/index.ts';
import type { Network } from '../../src/boots/dhcp/network.ts';
import { isWithin, LeaseStore } from '../../src/boots/leases/index.ts';
import { openStore } from '../../src/store/index.ts';

export interface ServerSetting {
  mode: DhcpMode;
  interfaces: DhcpInterface[];
  machines: Record<string, { name: string; reservation?: Reservation; settings?: InterfaceSettings }>;
  /** What is said of every network of an interface. */
  network?: Partial<Network>;
  /** Networks behind relay agents. */
  more?: (Pick<Network, 'name' | 'address' | 'prefix' | 'ranges'> & Partial<Network>)[];
  /** In pool mode. */
  pool?: {
    /** Directory of the store with the leases. */
    data: string;
    ranges: { first: string; last: string }[];
  };
}

export type ServerLine = { bound: unknown } | DhcpNote;

export const isNote = (line: ServerLine): line is DhcpNote => 'outcome' in line;

async function serve(setting: ServerSetting): Promise<void> {
  const tell = (line: ServerLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const nothing: BootAnswer = { answer: 'none', reason: 'no-work', sentence: 'it has no work' };
  const { mode, interfaces, machines, pool, network } = setting;
  const log = pino({ level: 'warn' }, pino.destination(2));
  const own = ownNetworks(interfaces, { mode, ranges: pool?.ranges ?? [] }).map((each) => ({
    ...each,
    ...network,
  }));
  const [first] = own;
  const more = (setting.more ?? []).flatMap((each) => (first ? { ...first, excluded: [], ...each } : []));
  const store = pool && (await openStore(pool.data));
  const surroundings = {
    reservedFor: (address: string) =>
      Object.entries(machines).find(([, { reservation }]) => reservation?.address === address)?.[0],
    isOurs: (address: string) => interfaces.some((each) => each.address === address),
  };
  const server = await startDhcp({
    networkOf: amongOwn([...own, ...more], mode),
    networkAt: (address) => [...own, ...more].find((each) => isWithin(address, each)),
    leases: store && (await LeaseStore.open(store, surroundings, Date.now)),
    probe: new ConflictProbe(log).probe,
    interfaces,
    port67: 67,
    proxyPort4011: 4011,
    contextFor: (packet) => {
      const machine = machines[packet.chaddr];
      const { reservation, settings } = machine ?? {};
      return { machineName: machine?.name, reservation, settings, boot: () => nothing, declined: false };
    },
    note: (_mac, made) => tell(made()),
    log,
  });
  const stop = async () => {
    await server.stop();
    await store?.close();
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop());
  tell({ bound: server.bound });
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? ''));
