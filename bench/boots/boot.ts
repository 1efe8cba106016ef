/** A boot in the lab: how long after power-on the kernel starts, ours against dnsmasq and nginx that give the same files. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildForLab } from '../../build/build.ts';
import { isolated } from '../../src/lab/shell.ts';
import { type Fault, type Row, rowOf } from '../report.ts';

const ROUNDS = 5;

/** What the program inside the lab's namespaces tells of each boot. */
export type BootLine = { round: number; server: 'ours' | 'peer' } & ({ seconds: number } | Fault);

/** Measures for some minutes, and builds what the lab needs before that. */
export async function benchBoot(progress: (text: string) => void): Promise<Row[]> {
  await buildForLab();
  const folder = await mkdtemp(join(tmpdir(), 'tinsmith-bench-boot-'));
  try {
    const inside = join(import.meta.dirname, 'boot-lab.ts');
    const { program, args } = isolated(process.execPath, [inside, folder, String(ROUNDS)]);
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'close');
    const lines: BootLine[] = [];
    for await (const text of createInterface({ input: child.stdout })) {
      const line: BootLine = JSON.parse(text);
      lines.push(line);
      progress(
        `a boot in the lab, round ${line.round} of ${ROUNDS}: ${line.server} ${'fault' in line ? line.fault : `${line.seconds} s`}`,
      );
    }
    const [status] = await exited;
    const ours = ofServer(lines, 'ours');
    if ('fault' in ours) throw new Error(`the boots ended with ${status}: ${ours.fault}`);
    return [
      rowOf({
        name: 'a boot in the lab, power-on to kernel start (UEFI)',
        ours,
        peer: ofServer(lines, 'peer'),
        peerName: 'dnsmasq and nginx',
        unit: 's',
        better: 'less',
        goal: 0.98,
      }),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function ofServer(lines: readonly BootLine[], server: BootLine['server']): readonly number[] | Fault {
  const own = lines.filter((line) => line.server === server);
  const seconds = own.flatMap((line) => ('seconds' in line ? [line.seconds] : []));
  const [fault] = own.flatMap((line) => ('fault' in line ? [line.fault] : []));
  if (fault !== undefined) return { fault };
  return seconds.length > 0 ? seconds : { fault: 'no boot was measured' };
}
