/** Machines with real arm64 firmware, which have to get into a boot environment: there is no OSIE for them. */
import assert from 'node:assert/strict';
import { ARM64_ENVIRONMENT } from '../../build/arm64-system.ts';
import type { Data, Explained, Machine, TraceEntry } from '../../src/api/types.ts';
import type { Firmware } from '../../src/lab/firmware.ts';
import type { Computer } from '../../src/lab/session.ts';
import { assertDocumented, type Mode } from './firmware-table.ts';
import type { Stage } from './scenario.ts';
import { hardwareIn } from './worked.ts';

/** Seconds for a line to come: emulated firmware is at its DHCP after six, and falls back from PXE in a minute. */
const LINE_S = 240;
const ENVIRONMENT = {
  name: ARM64_ENVIRONMENT,
  os: {
    name: 'debian-12',
    supportedArchitectures: {
      arm64: { kernel: 'vmlinuz', initrds: ['initrd.img'], bootParams: 'console=ttyAMA0' },
    },
  },
};

/** What came of a boot. */
export interface Booted {
  /** Of the serial line. */
  lines: string[];
  trace: TraceEntry[];
  explained: Explained;
}

/** Switches a machine on. @returns the lines of its serial line up to the one that is wanted */
export async function linesUntil({ vm, machine }: Computer, wanted: RegExp): Promise<string[]> {
  const lines: string[] = [];
  const seen = Promise.withResolvers<void>();
  const take = (line: string): void => {
    lines.push(line);
    if (wanted.test(line)) seen.resolve();
  };
  const off = (): void => seen.reject(new Error(`${machine.name} went off before ${wanted}`));
  const timer = setTimeout(() => seen.reject(new Error(`${machine.name}: no ${wanted} in ${LINE_S} s`)), LINE_S * 1000);
  vm.on('line', take).once('off', off);
  try {
    vm.powerOn();
    await seen.promise;
    return lines;
  } finally {
    clearTimeout(timer);
    vm.off('line', take).off('off', off);
  }
}

/** Gives each machine the boot environment, switches one after the other on, and waits until the system in it has spoken. */
export async function intoEnvironment(
  { session, say }: Stage,
  { firmware, mode, file }: { firmware: readonly Firmware[]; mode: Mode; file: string },
): Promise<Booted[]> {
  const client = session.client();
  await client.put(ENVIRONMENT, {}, 'content', 'bootenvs', ARM64_ENVIRONMENT);
  const booted: Booted[] = [];
  for (const [i, computer] of session.computers.entries()) {
    const [kind] = firmware.slice(i);
    assert.ok(kind);
    const { machine, vm } = computer;
    await client.post<Data<Machine>>('machines', hardwareIn(mode, machine));
    await client.post(`machines/${machine.name}/bootenv`, { bootEnv: ARM64_ENVIRONMENT });
    const lines = await linesUntil(computer, /^arm64-system: told .* tinsmith\.boot-env=arm64-system /);
    await vm.powerCut();
    assert.ok(lines.some((line) => /\] Linux version \d.*-arm64 /.test(line)));
    assert.ok(lines.includes('arm64-system: runs on aarch64'));
    const { data: trace } = await client.get<Data<TraceEntry[]>>('trace', machine.mac);
    const { data: explained } = await client.get<Data<Explained>>('explain', machine.mac);
    say(`${kind}: ${explained.sentence}`);
    assertDocumented(kind, mode, file);
    booted.push({ lines, trace, explained });
  }
  return booted;
}

/** Names of files that went out whole, without their folders. */
export function fetchedWhole(trace: readonly TraceEntry[], role: 'tftp' | 'http'): string[] {
  return trace
    .filter((entry) => entry.role === role && entry.outcome === 'completed' && Number(entry.details.bytes) > 0)
    .map(({ what }) => what.slice(what.lastIndexOf('/') + 1));
}
