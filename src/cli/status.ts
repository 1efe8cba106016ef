/** `tinsmith status` and `tinsmith version` */
import type { Status } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command } from './command.ts';
import { outputFlag, say, table, writeJson } from './output.ts';

export const status = command({
  usage: 'status',
  summary: 'Show what the appliance serves, and what is wrong with it',
  examples: [['status', 'Roles, the addresses they answer on, and problems']],
  flags: (yargs) => serverFlags(outputFlag(yargs)),
  async run(args, terminal) {
    const found = await new Client(args, terminal).get<Status>('status');
    if (args.output === 'json') return writeJson(terminal, found);
    const { version, commit, state, startedAt, dataDirectory, roles, otherServers = [] } = found;
    const rows = roles.map(({ name, state: at, bound, problem, warning }) => {
      const told = problem ?? warning;
      return [name, at, bound.join('\n'), told && [told.message, told.next].filter(Boolean).join('\n')];
    });
    terminal.stdout.write(
      `Tinsmith ${version} (commit ${commit}) is ${state}; started ${startedAt}; data in ${dataDirectory}\n`,
    );
    terminal.stdout.write(`${table(['Role', 'State', 'Answers on', 'Problem'], rows)}\n`);
    if (otherServers.length === 0) return;
    const others = otherServers.map(({ address, mac, interface: on, offers, since }) => [
      address,
      mac,
      on,
      since,
      offers,
    ]);
    const headers = ['Other DHCP server', 'MAC Address', 'Interface', 'Since', 'What it does'];
    terminal.stdout.write(`${table(headers, others)}\n`);
  },
});

export const version = command({
  usage: 'version',
  summary: 'Show version, commit and Node version',
  examples: [['version', 'The same as tinsmith --version']],
  flags: (yargs) => outputFlag(yargs),
  async run(args, terminal) {
    const { VERSION, COMMIT, versionLine } = await import('../version.ts');
    say(terminal, args.output, versionLine(), { version: VERSION, commit: COMMIT, node: process.version });
  },
});
