/** `tinsmith dhcp-settings`: how a DHCP server that is not ours is told to point machines here. */
import type { Data, DhcpSettings } from '../api/types.ts';
import { Client, serverFlags } from './client.ts';
import { command } from './command.ts';
import { outputFlag, writeJson } from './output.ts';

const SERVERS = ['dnsmasq', 'isc', 'kea', 'opnsense', 'mikrotik', 'windows'] as const;

export const dhcpSettings = command({
  usage: 'dhcp-settings',
  summary: 'Show settings for another DHCP server, with which machines boot from this appliance',
  examples: [
    ['dhcp-settings --for dnsmasq', 'Lines for a file in /etc/dnsmasq.d/'],
    ['dhcp-settings --for kea --address 10.1.0.1', 'For machines on that network, of several that are served'],
    ['dhcp-settings', 'For every server there are settings for'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .option('for', { type: 'string', choices: SERVERS, describe: 'The server [all]' })
      .option('address', { type: 'string', describe: 'An address of the network that the machines are on' }),
  async run(args, terminal) {
    const { address, for: wanted } = args;
    const { data } = await new Client(args, terminal).find<Data<DhcpSettings[]>>('dhcp-settings', { address });
    const chosen = data.filter(({ server }) => wanted === undefined || server === wanted);
    if (args.output === 'json') return writeJson(terminal, { data: chosen });
    // Alone it is what a file takes as it stands.
    const texts = chosen.map(({ title, where, text }) =>
      wanted === undefined ? `### ${title}: ${where}\n\n${text}` : text,
    );
    terminal.stdout.write(texts.join('\n'));
  },
});
