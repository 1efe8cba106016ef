// Tinsmith's DHCP server as a program of its own, to be run inside a network namespace. Takes its setting as JSON in
// the first parameter; tells by lines of JSON: once `{ "bound": [...] }`, then each note.
import { pino } from 'pino';
import {
  type BootAnswer,
  type DhcpInterface,
  type DhcpMode,
  type DhcpNote,
  type Reservation,
  startDhcp,
} from '../../src/boots/dhcp/index.ts';

export interface ServerSetting {
  mode: DhcpMode;
  interfaces: DhcpInterface[];
  machines: Record<string, { name: string; reservation: Reservation }>;
}

export type ServerLine = { bound: unknown } | DhcpNote;

export const isNote = (line: ServerLine): line is DhcpNote => 'outcome' in line;

async function serve(setting: ServerSetting): Promise<void> {
  const tell = (line: ServerLine) => process.stdout.write(`${JSON.stringify(line)}\n`);
  const nothing: BootAnswer = { answer: 'none', reason: 'no-work', sentence: 'it has no work' };
  const server = await startDhcp({
    mode: setting.mode,
    interfaces: setting.interfaces,
    port67: 67,
    proxyPort4011: 4011,
    contextFor: (packet) => {
      const machine = setting.machines[packet.chaddr];
      return { machineName: machine?.name, reservation: machine?.reservation, boot: () => nothing, declined: false };
    },
    note: tell,
    log: pino({ level: 'warn' }, pino.destination(2)),
  });
  process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));
  tell({ bound: server.bound });
}

if (import.meta.main) await serve(JSON.parse(process.argv[2] ?? ''));
