/** Adding machines, and deleting them. */
import { randomUUID } from 'node:crypto';
import type { MachinesPushed } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { deleteEach, placing, readInput, readJson } from '../files.ts';
import { outputFlag, say } from '../output.ts';
import type { Terminal } from '../terminal.ts';

export const add = command({
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
      .option('arch', {
        type: 'string',
        choices: ['x86_64', 'aarch64'] as const,
        describe: 'Its processor, for which it boots what a boot environment has [x86_64]',
      })
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
              arch: args.arch,
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

export const push = command({
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

export const remove = command({
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

function warn(terminal: Terminal, warnings: string[]): void {
  for (const warning of warnings) terminal.stderr.write(`warning: ${warning}\n`);
}
