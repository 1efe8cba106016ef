/** `tinsmith subnet …`: the networks that are served, and how. */
import type { Data, Subnet, SubnetPut } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command, type Noun, usage } from '../command.ts';
import { deleteEach } from '../files.ts';
import { outputFlag, rowFlags, say, write, writeJson } from '../output.ts';
import { printable, type Terminal } from '../terminal.ts';
import { waitCommand } from '../wait.ts';
import { fieldFlags, fieldsOf } from './fields.ts';

const NAME = { type: 'string', demandOption: true, describe: 'Name of the subnet' } as const;

const add = command({
  usage: 'add <name> <network>',
  summary: 'Serve a network',
  examples: [
    ['subnet add lab 192.168.1.0/24 --router 192.168.1.1 --dns 1.1.1.1', 'Known machines get their reserved addresses'],
    ['subnet add lab 192.168.1.0/24 --range 192.168.1.100-192.168.1.199', 'Everybody else gets one of these'],
    ['subnet add rack7 10.7.0.0/24 --range 10.7.0.50-10.7.0.99 --relay giaddr=10.0.0.7', 'One behind a relay'],
  ],
  flags: (yargs) =>
    fieldFlags(serverFlags(outputFlag(yargs)))
      .positional('name', NAME)
      .positional('network', { type: 'string', demandOption: true, describe: 'As 192.168.1.0/24' }),
  async run(args, terminal) {
    const body = { ...fieldsOf(args), name: args.name, network: args.network };
    const condition = { 'if-none-match': '*' };
    const answer = await new Client(args, terminal).put<SubnetPut>(body, condition, 'subnets', args.name);
    told(answer, terminal);
    say(terminal, args.output, `Added Subnet:  ${args.name}`, answer);
  },
});

const update = command({
  usage: 'update <name>',
  summary: 'Change what flags name of a subnet; an empty text takes it away',
  examples: [
    ['subnet update lab --dns 9.9.9.9 --lease-time 12h', 'All else stays as it is'],
    ['subnet update lab --domain "" --option 150=', 'Without a domain name, and without option 150'],
    ['subnet update lab --disable', 'Nobody of it is answered until --enable'],
  ],
  flags: (yargs) =>
    fieldFlags(serverFlags(outputFlag(yargs)))
      .positional('name', NAME)
      .option('network', { type: 'string', nargs: 1, describe: 'As 192.168.1.0/24' }),
  async run(args, terminal) {
    const { network } = args;
    const patch = { ...fieldsOf(args), ...(network === undefined ? {} : { network }) };
    if (Object.keys(patch).length === 0)
      throw usage('No flag says what to change.', 'See: tinsmith subnet update --help');
    const path = `subnets/${encodeURIComponent(args.name)}`;
    const answer = await new Client(args, terminal).post<SubnetPut>(path, patch);
    told(answer, terminal);
    say(terminal, args.output, `Updated Subnet:  ${args.name}`, answer);
  },
});

const list = command({
  usage: 'list',
  summary: 'List the subnets',
  examples: [
    ['subnet list', 'With the mode of each, and where its requests come from'],
    ['subnet list -o csv --no-headers', 'For programs'],
  ],
  flags: (yargs) => serverFlags(rowFlags(yargs)),
  async run(args, terminal) {
    const json = await new Client(args, terminal).list<Subnet>('subnets');
    const headers = ['Name', 'Network', 'Mode', 'Ranges', 'Routers', 'Where'];
    const rows = json.data.map(({ name, object }) => [
      name,
      object.network,
      modeOf(object),
      (object.ranges ?? []).join('\n'),
      (object.routers ?? []).join('\n'),
      whereOf(object).join('\n'),
    ]);
    write(terminal, args, { headers, rows, json });
  },
});

const show = command({
  usage: 'show <name>',
  summary: 'Show a subnet, and what a client of it is given',
  examples: [
    ['subnet show lab', 'Option by option'],
    ['subnet show lab -o json', 'With the bytes of each'],
    ['subnet show lab -o yaml', 'As apply takes it'],
  ],
  flags: (yargs) =>
    serverFlags(yargs)
      .positional('name', NAME)
      .option('output', {
        alias: ['format', 'o'],
        type: 'string',
        choices: ['table', 'json', 'yaml'] as const,
        default: 'table' as const,
        describe: 'Form of the answer',
      }),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).get<Data<Subnet>>('subnets', args.name);
    switch (args.output) {
      case 'json':
        return writeJson(terminal, answer);
      case 'yaml': {
        const { toYaml } = await import('../../manifests/documents.ts');
        terminal.stdout.write(toYaml([{ kind: 'Subnet', ...answer.data.object }]));
        return;
      }
      case 'table':
        write(terminal, { output: 'table' }, { headers: ['Field', 'Value'], rows: shown(answer.data), json: answer });
    }
  },
});

const remove = command({
  usage: 'delete <names..>',
  summary: 'Delete subnets',
  examples: [['subnet delete lab', 'What it was is forgotten; --disable of subnet update keeps it']],
  flags: (yargs) =>
    serverFlags(yargs).positional('names', { type: 'string', array: true, demandOption: true, describe: 'Name' }),
  run: (args, terminal) =>
    deleteEach(new Client(args, terminal), 'subnets', args.names, terminal, (answer) => told(answer as Told, terminal)),
});

const FIELDS = [
  ...['name', 'description', 'network', 'mode', 'ranges', 'exclude', 'routers', 'dns', 'ntp', 'domain', 'search'],
  ...['routes', 'mtu', 'leaseTime', 'shortestLease', 'longestLease', 'interface', 'relays', 'options', 'enabled'],
] as const satisfies readonly (keyof Subnet['object'])[];

const wait = waitCommand({
  ...{ noun: 'subnet', plural: 'subnets', example: ['lab', 'mode', 'pool'] },
  fields: async () => FIELDS,
  awaited: (client, name) => ({
    called: `Subnet ${name}`,
    query: { kind: ['subnet.*'] },
    look: async () => (await client.get<Data<Subnet>>('subnets', name)).data.object,
    next: `tinsmith subnet show ${name}`,
  }),
});

export const subnet: Noun = {
  noun: 'subnet',
  aliases: ['subnets'],
  summary: 'Subnets: the networks that are served, and how',
  commands: [add, list, show, update, remove, wait],
};

type Told = { unsupported?: string[]; warnings: string[] };

/** Says what was taken and nothing is done with, and what may be a mistake. */
function told({ unsupported = [], warnings }: Told, terminal: Terminal): void {
  for (const warning of [...unsupported.map((what) => `nothing is done with ${what}`), ...warnings])
    terminal.stderr.write(`warning: ${printable(warning)}\n`);
}

function modeOf({ mode, enabled }: Subnet['object']): string {
  return enabled === false ? `${mode} (disabled)` : (mode ?? '');
}

/** Where requests of it come from; nothing: from wherever its addresses are. */
function whereOf({ interface: on, relays = [] }: Subnet['object']): string[] {
  const by = relays.map(({ giaddr, circuitId, remoteId }) =>
    [
      giaddr === undefined ? [] : [`relay ${giaddr}`],
      circuitId === undefined ? [] : [`circuit ${circuitId}`],
      remoteId === undefined ? [] : [`remote ${remoteId}`],
    ]
      .flat()
      .join(' '),
  );
  return [...(on === undefined ? [] : [`interface ${on}`]), ...by];
}

function shown({ name, object, gives }: Subnet): [string, string][] {
  const { description, ranges = [], exclude = [] } = object;
  const rows: [string, string | undefined][] = [
    ['Name', name],
    ['Description', description],
    ['Network', object.network],
    ['Mode', modeOf(object)],
    ['Where', whereOf(object).join('\n')],
    ['Ranges', ranges.join('\n')],
    ['Excluded', exclude.join('\n')],
    ['A client is given', givenIn(object, gives)],
    ...(gives?.options ?? []).map(({ code, name: option, value }): [string, string] => [`  ${code} ${option}`, value]),
  ];
  return rows.filter((row): row is [string, string] => row[1] !== undefined && row[1] !== '');
}

function givenIn({ mode, enabled }: Subnet['object'], gives: Subnet['gives']): string {
  if (enabled === false || mode === 'off') return 'nothing: it is not answered';
  if (gives === undefined) return 'what to boot, and no address: another server gives those';
  if (mode === 'pool') return `the address reserved for it, or one of ${gives.addresses}`;
  return 'the address reserved for it; without one it is not answered';
}
