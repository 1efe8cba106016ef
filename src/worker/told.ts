/** What the machine is made of, as the server is told it. */

import { messageOf } from '../errors.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { WorkerApi } from './client.ts';
import type { Clock } from './clock.ts';
import type { Say } from './console.ts';
import type { Discover } from './protocol.ts';

/** After a word that the server did not take, ms: people have to see to that. */
const REFUSED_PAUSE = 15_000;

/** With what it is told. */
export interface TellingParts {
  api: Pick<WorkerApi, 'discover' | 'inventory'>;
  clock: Clock;
  say: Say;
  inventory: () => Promise<Inventory>;
}

/**
 * Tells of a machine that nobody knows, until the server takes it: it is one of its machines from then on.
 * @throws the signal's reason when it is aborted
 */
export async function beDiscovered(
  { api, clock, say, inventory }: TellingParts,
  who: Omit<Discover, 'inventory'>,
  signal: AbortSignal,
): Promise<void> {
  say('nobody knows this machine: the server is told what it is made of');
  const body = { ...who, inventory: await inventory() };
  for (let said = ''; ; ) {
    const answer = await api.discover(body, signal);
    if (answer.kind === 'answer') {
      say(`this machine is ${answer.value.machine.name} from now on`);
      return;
    }
    if (answer.reason !== said) say(`the server does not take this machine: ${answer.reason} It is asked again`);
    said = answer.reason;
    await clock.sleep(REFUSED_PAUSE, signal);
  }
}

/** Tells of a machine that is known. Nothing waits for it, and nothing depends on it. Never rejects. */
export async function tellInventory({ api, say, inventory }: TellingParts, signal: AbortSignal): Promise<void> {
  try {
    const answer = await api.inventory({ inventory: await inventory() }, signal);
    if (answer.kind === 'refused') say(`the server does not take what this machine is made of: ${answer.reason}`);
  } catch (error) {
    if (!signal.aborted) say(`what this machine is made of could not be told: ${messageOf(error)}`);
  }
}
