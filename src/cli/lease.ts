/** `tinsmith lease …`: who was given which address in pool mode. */
import type { Data, Lease } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { deleteEach } from './files.ts';
import { type Answer, rowFlags, write } from './output.ts';

const list = command({
  usage: 'list',
  summary: 'List the addresses that were given in pool mode, and those that are kept back',
  examples: [
    ['lease list', 'All, in the order of the addresses'],
    ['lease list --state active -o csv', 'Those that are in use now'],
    ['lease list --state quarantined', 'Those that another computer was found using'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .option('state', {
        type: 'string',
        choices: ['active', 'expired', 'released', 'quarantined'] as const,
        describe: 'Only those',
      })
      .option('network', { type: 'string', describe: 'Only those of this network' })
      .option('mac', { type: 'string', describe: 'Only those of this client' }),
  async run(args, terminal) {
    const { state, network, mac } = args;
    const answer = await new Client(args, terminal).list<Lease>('leases', { state, network, mac });
    write(terminal, args, { ...rowsOf(answer.data), json: answer });
  },
});

const ADDRESS = { type: 'string', demandOption: true, describe: 'IPv4 address' } as const;

const show = command({
  usage: 'show <address>',
  summary: 'Show who has an address',
  examples: [['lease show 10.0.0.101', 'Client, network, and until when']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('address', ADDRESS),
  async run(args, terminal) {
    const answer = await new Client(args, terminal).get<Data<Lease>>('leases', args.address);
    write(terminal, args, { ...rowsOf([answer.data]), json: answer });
  },
});

const remove = command({
  usage: 'delete <addresses..>',
  summary: 'Forget leases of clients that are gone, or end the quarantine of addresses',
  examples: [['lease delete 10.0.0.101', 'Anybody may be given that address now']],
  flags: (yargs) => serverFlags(yargs).positional('addresses', { ...ADDRESS, array: true }),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'leases', args.addresses, terminal),
});

export const lease: Noun = {
  noun: 'lease',
  summary: 'Leases: addresses given in pool mode (tinsmith up --dhcp pool)',
  commands: [list, show, remove],
};

function rowsOf(leases: readonly Lease[]): Pick<Answer, 'headers' | 'rows'> {
  return {
    headers: ['Address', 'State', 'MAC', 'Machine', 'Host name', 'Network', 'Ends'],
    rows: leases.map(({ address, state, mac, machine, hostname, network, endsAt }) => [
      ...[address, state, mac, machine, hostname, network],
      endsAt ?? 'never',
    ]),
  };
}
