/** What a disk can do to erase itself: asked of the drive, by nvme-cli and hdparm, and of the kernel. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseJson } from '../../json.ts';
import type { ActionIo, Host } from '../action.ts';
import type { Disk } from '../disk.ts';
import type { AtaSecurity, Capabilities, NvmeAbilities, Unknown } from './means.ts';
import { askProgram } from './said.ts';

/** A disk to be erased, by the kernel's name, and the names of all that are to be, and of all disks that there are. */
export interface Asked {
  disk: Disk;
  name: string;
  transport: string | undefined;
  erased: readonly string[];
  all: readonly string[];
}

/** @throws the signal's reason when the action is stopped */
export async function capabilitiesOf(
  { disk, name, transport, erased, all }: Asked,
  io: ActionIo,
  host: Host,
): Promise<Capabilities> {
  const queue = join(host.sys, 'class', 'block', name, 'queue');
  const most = async (file: string): Promise<number> =>
    Number((await readFile(join(queue, file), 'utf8').catch(() => '')).trim() || 0);
  const isNvme = /^nvme\d+n\d+/.test(name);
  return {
    whole: disk.whole,
    discards: disk.discards,
    writesZeroes: (await most('write_zeroes_max_bytes')) > 0,
    ...(isNvme ? { nvme: await askNvme(disk.path, keptBeside(name, erased, all), io, host) } : {}),
    ...(transport === 'sata' ? { ata: await askAta(disk.path, io, host) } : {}),
  };
}

/** Other namespaces of the controller that are not to be erased: `nvme0n2`. */
export function keptBeside(name: string, erased: readonly string[], all: readonly string[]): string[] {
  const controller = /^(nvme\d+)n\d+/.exec(name)?.[1];
  return all.filter((other) => other.startsWith(`${controller}n`) && other !== name && !erased.includes(other));
}

async function askNvme(
  path: string,
  kept: readonly string[],
  io: ActionIo,
  host: Host,
): Promise<NvmeAbilities | Unknown> {
  const said = await askProgram(host, io, 'nvme', ['id-ctrl', path, '--output-format=json']);
  if ('why' in said) return { unknown: said.why };
  const read = parseController(said.stdout.toString('utf8'));
  return read ? { ...read, kept } : { unknown: 'what the controller says of itself cannot be read' };
}

/** NVMe base specification 1.4, figure 247 (Identify Controller): OACS, FNA and SANICAP. */
export function parseController(text: string): Omit<NvmeAbilities, 'kept'> | undefined {
  const read = parseJson(text);
  if (typeof read !== 'object' || read === null) return undefined;
  const field = (name: string): number => {
    const value: unknown = Object.getOwnPropertyDescriptor(read, name)?.value;
    return typeof value === 'number' ? value : 0;
  };
  return {
    format: (field('oacs') & 0b10) !== 0,
    // Bit 0: a format, bit 1: a secure erase is of all namespaces.
    formatsAll: (field('fna') & 0b11) !== 0,
    sanitizeCrypto: (field('sanicap') & 0b1) !== 0,
    sanitizeBlock: (field('sanicap') & 0b10) !== 0,
  };
}

async function askAta(path: string, io: ActionIo, host: Host): Promise<AtaSecurity | Unknown> {
  const said = await askProgram(host, io, 'hdparm', ['-I', path]);
  return 'why' in said ? { unknown: said.why } : parseSecurity(said.stdout.toString('utf8'));
}

/** The part `Security:` of what `hdparm -I` says; without it, the drive has none. */
export function parseSecurity(text: string): AtaSecurity {
  const part = /^Security:[ \t]*\n((?:[ \t].*(?:\n|$))*)/m.exec(text)?.[1] ?? '';
  const lines = part.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
  const minutes = (what: string): number | undefined => {
    const found = new RegExp(`(?:^|\\. )(\\d+)min for ${what}`, 'm').exec(lines.join('\n'))?.[1];
    return found === undefined ? undefined : Number(found);
  };
  return {
    supported: lines.includes('supported'),
    enabled: lines.includes('enabled'),
    locked: lines.includes('locked'),
    frozen: lines.includes('frozen'),
    enhanced: lines.includes('supported: enhanced erase'),
    minutes: { normal: minutes('SECURITY ERASE UNIT'), enhanced: minutes('ENHANCED SECURITY ERASE UNIT') },
  };
}
