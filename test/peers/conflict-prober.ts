// Asks whether addresses are in use as a program of its own, to be run inside a network namespace. Takes what to ask as JSON
// in the first parameter; tells by a line of JSON for each.
import pino from 'pino';
import { ConflictProbe } from '../../src/boots/dhcp/index.ts';
import type { InterfaceAddress } from '../../src/boots/interface-addresses.ts';

export interface ConflictSetting {
  address: string;
  from: InterfaceAddress[];
}
/** `user`: the MAC address of who uses it; null: nobody. */
export type ConflictLine = { interface: string; user: string | null };

if (import.meta.main) {
  const { address, from }: ConflictSetting = JSON.parse(process.argv[2] ?? '');
  const conflicts = new ConflictProbe(pino({ level: 'silent' }));
  await Promise.all(
    from.map(async (each) => {
      const user = await conflicts.probe(address, each);
      process.stdout.write(
        `${JSON.stringify({ interface: each.name, user: user?.mac ?? null } satisfies ConflictLine)}\n`,
      );
    }),
  );
  conflicts.close();
}
