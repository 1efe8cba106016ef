/** What changes of content are made with. */
import { TinsmithError } from '../errors.ts';
import type { EventLog, Store } from '../store/index.ts';
import { localKey } from './layers.ts';
import type { Section } from './objects.ts';
import type { MachinesUsing } from './refusals.ts';
import type { Versions } from './versions.ts';

/** Names of the machines that use an object. */
export type Uses = (section: Section, name: string) => readonly string[] | Promise<readonly string[]>;

export interface Parts {
  readonly store: Store;
  readonly events: EventLog;
  /** ms since 1970 */
  readonly clock: () => number;
  readonly versions: Versions;
  readonly uses: Uses;
}

/** Asks which machines use some objects, before a change: machines are looked through beside the event loop. */
export async function askMachines(
  uses: Uses,
  objects: readonly { section: Section; name: string }[],
): Promise<MachinesUsing> {
  const asked = new Map<string, readonly string[]>();
  for (const { section, name } of objects) asked.set(localKey(section, name), await uses(section, name));
  return (section, name) => {
    const machines = asked.get(localKey(section, name));
    if (machines) return machines;
    throw new TinsmithError('CONFLICT', `The content was changed by somebody else meanwhile (${section}/${name}).`, {
      next: 'Look at what it is now, and try again; nothing has been changed.',
    });
  };
}
