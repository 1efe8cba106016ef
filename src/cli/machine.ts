/** `tinsmith machine …`, also by its old name `hardware`. */
import { randomUUID } from 'node:crypto';
import type { Data, Machine, MachinesPushed } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun, usage } from './command.ts';
import { deleteEach, placing, readInput, readJson } from './files.ts';
import { type Answer, outputFlag, rowFlags, say, write } from './output.ts';
import type { Terminal } from './terminal.ts';

const add = command({
  usage: 'add <name>',
  summary: 'Add a machine by its MAC address',
  examples: [
    ['machine add node1 --mac 52:54:00:00:00:01 --ip 192.168.1.51', 'A machine with a reserved address'],
    [
      'machine add node2 --mac 52:54:00:00:00:02',
      'One that gets its address from the router (tinsmith up --dhcp proxy)',
    ],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('name', { type: 'string', demandOption: true, describe: 'What the machine is called' })
      .option('mac', { type: 'string', demandOption: true, describe: 'MAC address of the card that it boots from' })
      .option('ip', { type: 'string', describe: 'IPv4 address to reserve for it' })
      .option('netmask', { type: 'string', describe: 'Netmask of that address [255.255.255.0]' })
      .option('gateway', { type: 'string', describe: 'Router of that network' })
      .option('hostname', { type: 'string', describe: 'Host name, if it is not the name' })
      .option('domain', { type: 'string', describe: 'Domain name' })
      .option('dns', { type: 'string', array: true, describe: 'Name server; may be given several times' })
      .option('ntp', { type: 'string', array: true, describe: 'Time server; may be given several times' })
      .option('lease-time', { type: 'number', describe: 'Lease time in seconds' })
      .option('id', { type: 'string', describe: 'UUID; made up if it is not given' })
      .option('metadata', { type: 'string', describe: 'Metadata for the installed system, as JSON' }),
  async run(args, terminal) {
    if (args.ip === undefined && (args.netmask ?? args.gateway) !== undefined)
      throw usage('--netmask and --gateway belong to an address.', 'Give the address with --ip.');
    const hardware = {
      id: args.id ?? randomUUID(),
      ...(args.metadata === undefined ? {} : { metadata: readJson(args.metadata, '--metadata') }),
      network: {
        interfaces: [
          {
            dhcp: {
              mac: args.mac,
              hostname: args.hostname ?? args.name,
              ...(args.ip === undefined
                ? {}
                : { ip: { address: args.ip, netmask: args.netmask ?? '255.255.255.0', gateway: args.gateway } }),
              domain_name: args.domain,
              name_servers: args.dns,
              time_servers: args.ntp,
              lease_time: args.leaseTime,
            },
            netboot: { allow_pxe: true, allow_workflow: true },
          },
        ],
      },
    };
    const { data, warnings } = await new Client(args, terminal).post<MachinesPushed>('machines', hardware);
    warn(terminal, warnings);
    for (const machine of [data].flat())
      say(terminal, args.output, `Created Machine:  ${machine.id}`, { data: machine });
  },
});

const push = command({
  usage: 'push',
  summary: 'Add machines, or replace them, from hardware JSON',
  examples: [
    ['hardware push --file hardware.json', 'One machine, or a list of them'],
    ['hardware push < hardware.json', 'The same from standard input'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs)).option('file', {
      alias: 'f',
      type: 'string',
      nargs: 1,
      describe: 'File with the hardware JSON [standard input]',
    }),
  async run(args, terminal) {
    const { text, name } = await readInput(args.file, terminal);
    const hardware = readJson(text, name);
    const { data, warnings } = await placing(
      name,
      new Client(args, terminal).post<MachinesPushed>('machines', hardware),
    );
    warn(terminal, warnings);
    say(terminal, args.output, 'Hardware data pushed successfully', { data });
  },
});

const get = command({
  usage: 'get [ids..]',
  summary: 'Show machines: all, or those named',
  examples: [
    ['machine get', 'All machines'],
    ['hardware get 0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94 --format json', 'One with everything that is known of it'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).positional('ids', {
      type: 'string',
      array: true,
      describe: 'Id, name, MAC or IP address',
    }),
  async run(args, terminal) {
    const machines = await machinesNamed(new Client(args, terminal), args.ids ?? []);
    write(terminal, args, answer(machines));
  },
});

const list = command({
  usage: 'list',
  summary: 'List the machines',
  examples: [
    ['machine list', 'A line for every interface'],
    ['hardware list -q', 'Only the ids'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).option('quiet', { alias: 'q', type: 'boolean', describe: 'Show the ids only' }),
  async run(args, terminal) {
    const machines = await machinesNamed(new Client(args, terminal), []);
    if (args.quiet) terminal.stdout.write(machines.map(({ id }) => `${id}\n`).join(''));
    else write(terminal, args, answer(machines));
  },
});

const id = command({
  usage: 'id <ids..>',
  summary: 'Show the hardware data of machines by their id, a line of JSON each',
  examples: [['hardware id 0eba0bf8-3772-4b4a-ab9f-6ebe93b90a94', 'The data as it was pushed']],
  flags: (yargs) =>
    serverFlags(yargs).positional('ids', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'UUID of a machine',
    }),
  async run(args, terminal) {
    for (const text of args.ids)
      if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)) throw usage(`invalid uuid: ${text}`);
    for (const machine of await machinesNamed(new Client(args, terminal), args.ids))
      terminal.stdout.write(`${JSON.stringify(machine.hardware)}\n`);
  },
});

const mac = byAddress('mac', 'MAC address', '52:54:00:00:00:01', /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i);
const ip = byAddress('ip', 'IP address', '192.168.1.51', /^\d{1,3}(\.\d{1,3}){3}$/);

const remove = command({
  usage: 'delete <ids..>',
  summary: 'Delete machines',
  examples: [['machine delete node1', 'By name; id, MAC and IP address do as well']],
  flags: (yargs) =>
    serverFlags(yargs).positional('ids', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Id, name, MAC or IP address',
    }),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'machines', args.ids, terminal),
});

export const machine: Noun = {
  noun: 'machine',
  aliases: ['hardware'],
  summary: 'Machines: who is to be provisioned',
  commands: [add, push, get, list, id, mac, ip, remove],
};

function byAddress(word: 'mac' | 'ip', what: string, example: string, form: RegExp) {
  return command({
    usage: `${word} <addresses..>`,
    summary: `Show machines by ${what}`,
    examples: [
      [`hardware ${word} ${example}`, 'Id, addresses and host name'],
      [`hardware ${word} ${example} --details`, 'The hardware data as JSON'],
    ],
    flags: (yargs) =>
      serverFlags(yargs)
        .positional('addresses', { type: 'string', array: true, demandOption: true, describe: what })
        .option('details', { alias: 'd', type: 'boolean', describe: 'The hardware data as JSON' }),
    async run(args, terminal) {
      for (const address of args.addresses)
        if (!form.test(address)) throw usage(`invalid ${word}: ${address}`, `Write it like ${example}.`);
      for (const found of await machinesNamed(new Client(args, terminal), args.addresses)) {
        if (args.details) terminal.stdout.write(`${JSON.stringify(found.hardware)}\n`);
        else {
          for (const [, macAddress, address, hostname] of answer([found]).rows) {
            const rows = [
              ['ID', found.id],
              ['MAC Address', macAddress],
              ['IP Address', address],
              ['Hostname', hostname],
            ];
            write(terminal, { output: 'table' }, { headers: ['Field Name', 'Value'], rows, json: undefined });
          }
        }
      }
    },
  });
}

async function machinesNamed(client: Client, names: string[]): Promise<Machine[]> {
  if (names.length === 0) return (await client.list<Machine>('machines')).data;
  const machines: Machine[] = [];
  for (const name of names) machines.push((await client.get<Data<Machine>>('machines', name)).data);
  return machines;
}

function answer(machines: Machine[]): Answer {
  return {
    headers: ['ID', 'MAC Address', 'IP address', 'Hostname'],
    rows: machines.flatMap(({ id: own, name, interfaces }) =>
      interfaces.map(({ mac: address, address: ipAddress, hostname }) => [own, address, ipAddress, hostname ?? name]),
    ),
    json: { data: machines },
  };
}

function warn(terminal: Terminal, warnings: string[]): void {
  for (const warning of warnings) terminal.stderr.write(`warning: ${warning}\n`);
}
