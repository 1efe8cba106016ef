/** Looking at machines: who they are, by any of their names. */
import type { Data, Machine } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command, usage } from '../command.ts';
import { type Answer, rowFlags, write } from '../output.ts';

export const get = command({
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

export const list = command({
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

export const id = command({
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

export const mac = byAddress('mac', 'MAC address', '52:54:00:00:00:01', /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i);
export const ip = byAddress('ip', 'IP address', '192.168.1.51', /^\d{1,3}(\.\d{1,3}){3}$/);

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
