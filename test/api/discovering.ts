/** An appliance that discovers machines, heard by machines that the test makes up. */
import type { TestContext } from 'node:test';
import type { Inventory } from '../../src/inventory/inventory.ts';
import type { StoredEvent } from '../../src/store/events.ts';
import { hardware, idOf } from '../machines/examples.ts';
import { anvil } from '../machines/inventories.ts';
import { type Answer, type Running, running } from './running.ts';

/** Cards of the made-up machine, and one of nobody's. */
export const [MAC = '', SECOND = ''] = anvil({}).interfaces.map(({ mac }) => mac);
export const OTHER = '9c:00:5e:00:00:0f';

type Said = { mac?: string; inventory?: Inventory | object; token: string; boot?: string };

/** An appliance that discovers, and what a machine that nobody knows says to it. */
export async function discovering(t: TestContext) {
  const all = await running(t, { unknown: 'discover' });
  const heard: StoredEvent[] = [];
  all.events.listen((event) => void heard.push(event));
  const discover = ({ mac = MAC, inventory = anvil({}), token, boot = 'b1' }: Said): Promise<Answer> =>
    all.call('POST', '/api/v1/worker/discover', {
      token,
      body: { mac, inventory, boot, version: 'test', agent: 'a1' },
    });
  const hello = (token: string, mac = MAC): Promise<Answer> =>
    all.call('POST', '/api/v1/worker/hello', { token, body: { mac, boot: 'b1', version: 'test', agent: 'a1' } });
  /** What the trace says last of a MAC address. */
  const last = (mac = MAC): string => {
    const { outcome, reason } = all.trace.of(mac).at(-1) ?? {};
    return `${outcome} ${reason}`;
  };
  return { ...all, heard, discover, hello, last };
}

/** A machine that is told by its worker, as one that was known before. */
export async function known(all: Running, n: number, inventory: Inventory, mac = inventory.interfaces[0]?.mac ?? '') {
  await all.machines.push([hardware(n, { hostname: `known-${n}`, mac })]);
  await all.discovery.inventories.keep(idOf(n), inventory);
}
