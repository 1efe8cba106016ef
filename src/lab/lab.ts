/**
 * `tinsmith lab`: virtual machines on a network of their own are provisioned by this same program, from power-on to the
 * installed system's call. It is the demo, and the dry run of a template before it touches metal.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TinsmithError } from '../errors.ts';
import { packaged } from '../executable/embedded.ts';
import type { OsieFirmware } from './firmware.ts';
import { checkHost } from './preflight.ts';
import { provision } from './provision.ts';
import { runIsolated } from './shell.ts';

/** What `tinsmith lab` was asked for. */
export interface LabFlags {
  firmware: OsieFirmware;
  machines: number;
  /** File of a template to run in place of the built-in installation. */
  template?: string | undefined;
  /** Leave the files of the run. */
  keep: boolean;
  /** Seconds */
  timeout: number;
  /** MiB of each machine */
  memory: number;
  output: 'table' | 'json';
}

/** Says to the inner process where it works; only this program sets it. */
const INSIDE = 'TINSMITH_LAB_DIRECTORY';
const PREFIX = 'tinsmith-lab-';

/** Runs the lab. @returns the exit code. @throws TinsmithError when the host is not fit, or the machines did not get there. */
export async function runLab(flags: LabFlags): Promise<number> {
  const inside = process.env[INSIDE];
  if (inside !== undefined) {
    const interrupted = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
    await provision(flags, { directory: inside, command: ownCommand(), ...labFiles() }, interrupted.signal);
    return 0;
  }
  checkHost();
  labFiles();
  sweep();
  const directory = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  try {
    const [program = '', ...words] = ownCommand();
    return await runIsolated(program, [...words, ...process.argv.slice(2)], { ...process.env, [INSIDE]: directory });
  } finally {
    if (flags.keep) process.stderr.write(`Kept: ${directory}\n`);
    else rmSync(directory, { recursive: true, force: true });
  }
}

/** How this program is started again. */
export function ownCommand(): string[] {
  return packaged ? [process.execPath] : [process.execPath, process.argv[1] ?? ''];
}

/** The OSIE and the image beside the executable. @throws TinsmithError UNAVAILABLE */
export function labFiles(): { osie: string; images: string } {
  const base = packaged ? dirname(process.execPath) : join(import.meta.dirname, '../../dist');
  const files = { osie: join(base, 'osie'), images: join(base, 'images') };
  const missing = [
    join(files.osie, 'vmlinuz'),
    join(files.osie, 'initrd.img'),
    join(files.images, 'debian-12.img.zst'),
  ].filter((path) => !existsSync(path));
  if (missing.length > 0)
    throw new TinsmithError('UNAVAILABLE', `The lab needs what the build makes: ${missing.join(', ')}.`, {
      next: 'Run `npm run build`.',
    });
  return files;
}

/** Removes what a lab left that was ended by force. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}
