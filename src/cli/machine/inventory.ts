/** `tinsmith machine inventory`: what a machine is made of. */
import type { Data, InventoryTold } from '../../api/types.ts';
import { Client, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { rowsOf } from '../inventory.ts';
import { rowFlags, write } from '../output.ts';
import { NAME } from './named.ts';

export const inventory = command({
  usage: 'inventory <name>',
  summary: 'Show what a machine is made of, as its worker told last',
  examples: [
    ['machine inventory node1', 'Processors, memory, disks, network cards and firmware'],
    ['machine inventory node1 -o json', 'All that is known'],
  ],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('name', NAME),
  async run(args, terminal) {
    const json = await new Client(args, terminal).get<Data<InventoryTold>>('machines', args.name, 'inventory');
    const { isJunk } = await import('../../inventory/junk.ts');
    const rows = [...rowsOf(json.data.inventory, isJunk), ['Told', json.data.at]];
    write(terminal, args, { headers: ['Part', 'What'], rows, json });
  },
});
