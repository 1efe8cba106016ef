/** `tinsmith doctor`: what is wrong with this computer and its networks, or with what a machine is given there. */
import { isIPv4 } from 'node:net';
import type { Data, InventoryTold, Machine, Status } from '../api/types.ts';
import type { BootView } from '../doctor/client/index.ts';
import type { ApplianceFacts, Finding } from '../doctor/index.ts';
import { TinsmithError } from '../errors.ts';
import { Client, type ServerFlags, serverFlags } from './client.ts';
import { command, usage } from './command.ts';
import { outputFlag, table, writeJson } from './output.ts';
import type { Terminal } from './terminal.ts';
import { DEFAULT_DATA } from './token.ts';

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;
/** Played where none is named. */
const USUAL = ['bios', 'uefi', 'arm64', 'http', 'ipxe'];
/** Machines whose memory is asked for. */
const MOST_MACHINES = 500;
/** A firewall may swallow the question, ms. */
const STATUS_MS = 5000;

export const doctor = command({
  usage: 'doctor',
  summary: 'Examine this computer and its networks, or play a machine that boots from them',
  examples: [
    [
      'doctor',
      'Ports, interfaces, other DHCP servers, firewall, disk, clock, boot files; works without an appliance too',
    ],
    ['doctor --client eth1', 'What a machine at that cable is given, with each firmware; no address is taken'],
    ['doctor --client eth1 --arch uefi --mac 52:54:00:00:00:01', 'The same as one machine, by its MAC address'],
    ['doctor --client eth1 --take --server 192.168.1.1', 'Take an address from one DHCP server, and give it back'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .option('server', {
        type: 'string',
        describe: 'URL of the appliance; with --client: address of the only DHCP server whose answers count',
      })
      .option('osie', { type: 'string', describe: 'Directory with the OSIE [osie beside the executable]' })
      .option('client', { type: 'string', describe: 'Interface to play a machine on' })
      .option('arch', {
        type: 'string',
        array: true,
        describe: `Firmware to play: bios, uefi, arm64, http, http-arm64, ipxe, ipxe-uefi, or a number of option 93; may be given several times [${USUAL.join(', ')}]`,
      })
      .option('mac', { type: 'string', describe: 'MAC address to ask with [that of the interface]' })
      .option('take', { type: 'boolean', describe: 'Take the address that is offered, and give it back at the end' }),
  async run(args, terminal) {
    const { client, arch, mac, take, osie, output } = args;
    if (client === '') throw usage('--client names no interface.', '"ip -brief link" lists the interfaces.');
    if (client !== undefined) return playClient({ ...args, client }, terminal);
    if (arch !== undefined || mac !== undefined || take) throw usage('--arch, --mac and --take go with --client.');
    const { examine, worstOf } = await import('../doctor/index.ts');
    const told = await askAppliance(args, terminal);
    const findings = await examine({
      data: told.appliance?.status.dataDirectory ?? args.data ?? (terminal.environment.TINSMITH_DATA || DEFAULT_DATA),
      ...{ ...told, osie, signal: terminal.interrupted },
    });
    if (output === 'json') writeJson(terminal, { data: findings });
    else
      terminal.stdout.write(`${table(['Level', 'Finding', 'What it means, and what to do'], findings.map(rowOf))}\n`);
    return worstOf(findings) === 'problem' ? 1 : 0;
  },
});

interface ClientFlags extends ServerFlags {
  client: string;
  arch?: string[] | undefined;
  mac?: string | undefined;
  take?: boolean | undefined;
  output: 'table' | 'json';
}

async function playClient({ client, arch = USUAL, mac, take, server, output }: ClientFlags, terminal: Terminal) {
  const { FIRMWARES, firmwareNamed, play, present } = await import('../doctor/client/index.ts');
  const { worstOf } = await import('../doctor/index.ts');
  const firmwares = arch.map((name) => {
    const firmware = firmwareNamed(name);
    if (firmware) return firmware;
    throw usage(
      `There is no firmware ${name}.`,
      `There are: ${FIRMWARES.map((each) => each.name).join(', ')}, and the numbers of option 93.`,
    );
  });
  if (mac !== undefined && !MAC.test(mac)) throw usage(`${mac} is no MAC address.`, 'Write it like 52:54:00:00:00:01.');
  if (server !== undefined && !isIPv4(server))
    throw usage(`${server} is not the IPv4 address of a DHCP server.`, 'With --client, --server is one: 192.168.1.1.');
  const boots = await play({
    ...{ interface: client, firmwares, server, take: take === true, signal: terminal.interrupted },
    mac: mac?.toLowerCase().replaceAll('-', ':'),
  });
  const views = boots.map((boot) => present(boot, boots));
  if (output === 'json') writeJson(terminal, { data: views });
  else
    terminal.stdout.write(
      `${table(['Firmware', 'Address', 'Boot file', 'Fetched'], views.map(bootRow))}\n${table(
        ['Firmware', 'Level', 'Finding', 'What it means, and what to do'],
        views.flatMap(({ title, findings }) => findings.map((finding) => [title, ...rowOf(finding)])),
      )}\n`,
    );
  return worstOf(views.flatMap(({ findings }) => findings)) === 'problem' ? 1 : 0;
}

function bootRow({ title, architecture, address, bootFile, fetched }: BootView): string[] {
  return [
    `${title}\narchitecture ${architecture}`,
    address
      ? `${address.address}, ${address.taken ? 'taken and given back' : 'offered'}\nby ${address.server} (${address.mac})`
      : 'none',
    bootFile
      ? `${bootFile.name}\nby ${bootFile.protocol}${bootFile.host === undefined ? '' : ` from ${bootFile.host}`}\ntold by ${bootFile.server} (${bootFile.mac}), ${HOW[bootFile.told]}`
      : 'none',
    fetched ? `${fetched.bytes} bytes in ${fetched.ms} ms\n${fetched.what}` : '',
  ];
}

const HOW = { offer: 'in its offer', ack: 'in its ACK', 'boot-server': 'on port 4011' } as const;

function rowOf({ code, level, sentence, next }: Finding): string[] {
  return [level, code, wrapped([sentence, next].filter((part) => part !== undefined))];
}

/** Characters in a line of text, so that a table fits a screen. */
const WIDTH = 100;

function wrapped(paragraphs: readonly string[]): string {
  return paragraphs.flatMap((text) => text.match(new RegExp(`.{1,${WIDTH}}(?:\\s|$)|\\S+`, 'g')) ?? []).join('\n');
}

/** What an appliance tells of itself, if one answers. */
async function askAppliance(
  flags: ServerFlags,
  terminal: Terminal,
): Promise<{
  appliance: (Omit<ApplianceFacts, 'isHere'> & { status: Status }) | undefined;
  refused: string | undefined;
}> {
  try {
    const { environment, interrupted } = terminal;
    const soon = { environment, interrupted: AbortSignal.any([interrupted, AbortSignal.timeout(STATUS_MS)]) };
    const status = await new Client(flags, soon).get<Status>('status');
    const client = new Client(flags, terminal);
    const machines = await memoriesOf(client);
    return { appliance: { url: client.url, status, machines }, refused: undefined };
  } catch (error) {
    terminal.interrupted.throwIfAborted();
    if (error instanceof Error && ['AbortError', 'TimeoutError'].includes(error.name))
      return { appliance: undefined, refused: `it does not answer within ${STATUS_MS / 1000} s.` };
    if (!(error instanceof TinsmithError) || error.code === 'USAGE') throw error;
    if (error.code === 'UNREACHABLE' && flags.server === undefined) return { appliance: undefined, refused: undefined };
    return { appliance: undefined, refused: error.message };
  }
}

async function memoriesOf(client: Client): Promise<{ name: string; memory: number }[]> {
  const { data: machines } = await client.list<Machine>('machines');
  const memories: { name: string; memory: number }[] = [];
  for (const { id, name } of machines.slice(0, MOST_MACHINES)) {
    try {
      const { data } = await client.get<Data<InventoryTold>>('machines', id, 'inventory');
      memories.push({ name, memory: data.inventory.memory.total });
    } catch (error) {
      // A machine that has told nothing of itself yet.
      if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
    }
  }
  return memories;
}
