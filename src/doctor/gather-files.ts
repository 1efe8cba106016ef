/** Data directory, clock and boot files. */
import { constants, existsSync, statfsSync, statSync } from 'node:fs';
import { access, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import koffi from 'koffi';
import { z } from 'zod';
import { LOADERS } from '../boots/loaders.ts';
import { readEmbeddedIfThere, workerExecutable } from '../executable/embedded.ts';
import { parseJson } from '../json.ts';
import type { BootFacts, ClockFacts, DataFacts, OsieFile } from './facts.ts';

export async function gatherData(path: string): Promise<DataFacts> {
  const exists = existsSync(path);
  // Before the first start its place is what counts.
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  const modeOf = (file: string): number | undefined => (existsSync(file) ? statSync(file).mode & 0o777 : undefined);
  const { bavail, blocks, bsize, ffree, files } = statfsSync(place);
  return {
    path,
    exists,
    mode: exists ? modeOf(path) : undefined,
    tokenMode: modeOf(join(path, 'token')),
    writable: await access(place, constants.W_OK).then(
      () => true,
      () => false,
    ),
    disk: { free: bavail * bsize, size: blocks * bsize, freeInodes: ffree, inodes: files },
  };
}

/** adjtimex(2) says 5 where nothing keeps the clock right. */
const TIME_ERROR = 5;
/** struct timex, on all 64-bit systems. */
const TIMEX_BYTES = 208;

export function gatherClock(): ClockFacts {
  let synchronised: boolean | undefined;
  try {
    const adjtimex = koffi.load('libc.so.6').func('int adjtimex(void *)');
    const state: number = adjtimex(Buffer.alloc(TIMEX_BYTES));
    synchronised = state < 0 ? undefined : state !== TIME_ERROR;
  } catch {
    // Not to be known in this sandbox.
  }
  return { now: Date.now(), synchronised };
}

const description = z.object({
  kernel: z.string(),
  memoryMiB: z.number(),
  vmlinuz: z.object({ bytes: z.number() }),
  initrd: z.object({ bytes: z.number() }),
});

/** @param directory of the OSIE */
export async function gatherBoot(directory: string): Promise<BootFacts> {
  const text = await readFile(join(directory, 'osie.json'), 'utf8').catch(() => '');
  const described = description.safeParse(parseJson(text));
  return {
    loaders: LOADERS.filter((name) => readEmbeddedIfThere(`loaders/${name}`) !== undefined),
    wanted: LOADERS,
    directory,
    kernel: await readBegin(join(directory, 'vmlinuz'), KERNEL_HEAD, kernelVersion),
    initrd: await readBegin(join(directory, 'initrd.img'), INITRD_HEAD, modulesVersion),
    described: described.success
      ? {
          ...{ kernel: described.data.kernel, memoryMiB: described.data.memoryMiB },
          ...{ kernelBytes: described.data.vmlinuz.bytes, initrdBytes: described.data.initrd.bytes },
        }
      : undefined,
    isWorker: workerExecutable() !== undefined,
  };
}

const KERNEL_HEAD = 64 * 1024;
/** Modules of the first stage stand at the beginning, uncompressed. */
const INITRD_HEAD = 16 * 1024 * 1024;

async function readBegin(
  path: string,
  most: number,
  versionOf: (bytes: Buffer) => string | undefined,
): Promise<OsieFile | undefined> {
  try {
    await using file = await open(path);
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, most)), 0, Math.min(size, most), 0);
    return { bytes: size, version: versionOf(buffer.subarray(0, bytesRead)) };
  } catch {
    return undefined;
  }
}

/** The x86 boot protocol's header: magic, and where its text with the version stands (kernel documentation, boot.rst). */
const HEADER_MAGIC = { at: 0x202, text: 'HdrS' };
const VERSION_AT = 0x20e;
const SETUP = 0x200;

export function kernelVersion(kernel: Buffer): string | undefined {
  const { at, text } = HEADER_MAGIC;
  if (kernel.length < SETUP + 0x10 || kernel.toString('latin1', at, at + text.length) !== text) return undefined;
  const begin = kernel.readUInt16LE(VERSION_AT) + SETUP;
  const end = kernel.indexOf(0, begin);
  if (end < 0) return undefined;
  return kernel.toString('latin1', begin, end).split(' ')[0] || undefined;
}

/** What a module says that it was built for. */
export function modulesVersion(initrd: Buffer): string | undefined {
  const at = initrd.indexOf('vermagic=');
  if (at < 0) return undefined;
  return /^vermagic=(\S+)/.exec(initrd.toString('latin1', at, at + 200))?.[1];
}
