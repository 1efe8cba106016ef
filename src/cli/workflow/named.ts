/** What the commands about workflows have in common: how one is named, in flags and in examples. */
import type { Data, Workflow } from '../../api/types.ts';
import type { Client } from '../client.ts';

/** The id in every example. */
export const EXAMPLE = '2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10';

export const ID = { type: 'string', demandOption: true, describe: 'Id of the workflow' } as const;
export const IDS = { type: 'string', array: true, demandOption: true, describe: 'Id of a workflow' } as const;

/** @throws TinsmithError NOT_FOUND */
export async function fetchWorkflow(client: Client, id: string): Promise<Workflow> {
  return (await client.get<Data<Workflow>>('workflows', id)).data;
}

/** Path of something of a workflow, below `/api/v1/`. */
export function pathOf(id: string, what: string): string {
  return `workflows/${encodeURIComponent(id)}/${what}`;
}
