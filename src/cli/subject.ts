/** What the trace is asked about: a machine of ours with its MAC addresses, or an address that is nobody’s. */
import type { Data, Explained, Machine } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import type { Client } from './client.ts';

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

export interface Subject {
  machine?: Machine;
  macs: string[];
}

/** @throws TinsmithError NOT_FOUND: it is no machine, and no MAC address */
export async function subjectOf(client: Client, name: string): Promise<Subject> {
  try {
    const { data } = await client.get<Data<Machine>>('machines', name);
    return { machine: data, macs: data.interfaces.map(({ mac }) => mac) };
  } catch (error) {
    if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND' || !MAC.test(name)) throw error;
    return { macs: [name.toLowerCase().replaceAll('-', ':')] };
  }
}

/** Why it did, or did not, boot. */
export function explanationOf(client: Client, { machine, macs: [mac = ''] }: Subject): Promise<Data<Explained>> {
  return client.get<Data<Explained>>('explain', machine?.id ?? mac);
}
