/** Machines that only have to get into the OSIE. */
import type { Data, TraceEntry } from '../../src/api/types.ts';
import type { LabMachine } from '../../src/lab/network.ts';
import type { Stage } from './scenario.ts';

/** Something to be done, so that a machine boots. */
export const WORK = `
version: "0.1"
name: work
tasks:
  - name: work
    worker: "{{.device_1}}"
    actions:
      - {name: wipe, image: wipe, timeout: 120, environment: {DEST_DISK: /dev/vda}}
`;

/** Waits until the worker of a machine says hello. @returns the machine's trace */
export async function into({ session, until, say }: Stage, machine: LabMachine): Promise<TraceEntry[]> {
  await until(
    `${machine.name} is in the OSIE`,
    (event) =>
      event.kind === 'boot.trace' &&
      event.data.mac === machine.mac &&
      event.data.role === 'worker' &&
      event.data.outcome === 'completed',
    280,
  );
  const { data } = await session.client().get<Data<TraceEntry[]>>('trace', machine.mac);
  const loaders = data.filter(({ what, outcome }) => outcome === 'completed' && /\.(efi|kpxe|pxe|img)$/.test(what));
  say(`${machine.name}: ${loaders.map(({ role, what }) => `${role} ${what}`).join(', ')}`);
  return data;
}
