/** Machines that only have to get into the OSIE. */
import assert from 'node:assert/strict';
import type { Data, TraceEntry } from '../../src/api/types.ts';
import type { Firmware } from '../../src/lab/firmware.ts';
import type { LabMachine } from '../../src/lab/network.ts';
import { hardwareOf } from '../../src/lab/session.ts';
import { assertDocumented, type Mode } from './firmware-table.ts';
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

/** Hardware data of a machine, in pool mode without an address: that comes from the range. */
export function hardwareIn(mode: Mode, machine: LabMachine): ReturnType<typeof hardwareOf> {
  const hardware = hardwareOf(machine);
  if (mode === 'pool') for (const { dhcp } of hardware.network.interfaces) Object.assign(dhcp, { ip: undefined });
  return hardware;
}

/**
 * Switches on a machine of each firmware, those with Secure Boot said to be so, and waits until their workers say hello.
 * @param file the test's `import.meta.url`, where the table of docs/firmware.md names it
 * @returns the trace of each
 */
export async function intoOsie(
  { session, until, say, addWorkflow }: Stage,
  { firmware, mode, file }: { firmware: readonly Firmware[]; mode: Mode; file?: string },
): Promise<TraceEntry[][]> {
  const client = session.client();
  for (const [i, { machine, vm }] of session.computers.entries()) {
    const hardware = hardwareIn(mode, machine);
    for (const { netboot } of hardware.network.interfaces)
      if (firmware[i] === 'secure-boot') Object.assign(netboot, { secure_boot: true });
    await client.post('machines', hardware);
    await addWorkflow(WORK.replace('name: work', `name: ${firmware[i]}`), {}, i + 1);
    vm.powerOn();
  }
  const traces: TraceEntry[][] = [];
  for (const [i, { machine }] of session.computers.entries()) {
    await until(
      `${firmware[i]} is in the OSIE`,
      ({ kind, data }) =>
        kind === 'boot.trace' && data.mac === machine.mac && data.role === 'worker' && data.outcome === 'completed',
      280,
    );
    const { data: trace } = await client.get<Data<TraceEntry[]>>('trace', machine.mac);
    const files = trace.filter(({ what, outcome }) => outcome === 'completed' && /\.(efi|kpxe|pxe|img)$/.test(what));
    say(`${firmware[i]}: ${files.map(({ role, what }) => `${role} ${what}`).join(', ')}`);
    const [kind] = firmware.slice(i);
    assert.ok(kind);
    if (file !== undefined) assertDocumented(kind, mode, file);
    traces.push(trace);
  }
  return traces;
}
