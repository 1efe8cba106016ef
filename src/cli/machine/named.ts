/** What the commands about one machine have in common: how it is named, and its life. */
import type { Data, Life, Machine } from '../../api/types.ts';
import type { Client } from '../client.ts';

export const NAME = { type: 'string', demandOption: true, describe: 'Id, name, MAC or IP address' } as const;

/** Path of something of a machine, below `/api/v1/`. */
export function pathOf(machine: string, what: string): string {
  return `machines/${encodeURIComponent(machine)}/${what}`;
}

/** @throws TinsmithError NOT_FOUND */
export async function fetchMachine(client: Client, machine: string): Promise<Machine> {
  return (await client.get<Data<Machine>>('machines', machine)).data;
}

/** @throws TinsmithError NOT_FOUND */
export async function fetchLife(client: Client, machine: string): Promise<Life> {
  return (await client.get<Data<Life>>('machines', machine, 'life')).data;
}
