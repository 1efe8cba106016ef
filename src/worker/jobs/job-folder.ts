/**
 * The folder of one attempt at a Job: what it was given, what came of it, and the folder `task` in which its scripts run.
 * It is what a worker that is killed leaves to the next one.
 */
import { mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../../json.ts';
import { runProgram } from '../../run-program.ts';
import { attemptKey, report } from '../protocol.ts';
import { HELPER } from './helper-library.ts';
import { ownProgram } from './own-program.ts';
import { safeName } from './script.ts';

const state = z.object({
  key: attemptKey,
  boot: z.string(),
  job: z.string(),
  /** Masked in what is sent of its output. */
  secrets: z.array(z.string()),
  /** The script, or the container, that runs or was the last to. */
  script: z
    .object({
      step: z.int().min(0),
      name: z.string(),
      session: z.object({ pid: z.int().min(2), startTime: z.number() }).optional(),
      /** Its id. */
      container: z.string().optional(),
    })
    .optional(),
});
/** What the next worker has to know. */
export type JobState = z.infer<typeof state>;

const STATE = 'state.json';
const ENDING = 'ending.json';
const PROGRAM = 'tinsmith';
/** Ends the name of a folder that is being made, and of one that is being removed. Nothing runs in these. */
const NEW = '.new';
const GONE = '.gone';
const IN_PART = /-\d+\.(?:new|gone)$/;
const UNMOUNT_LIMIT_MS = 10_000;

export class JobFolder {
  readonly path: string;
  #state: JobState;

  private constructor(path: string, state: JobState) {
    this.path = path;
    this.#state = state;
  }

  /** Makes an empty one, whatever was there. */
  static async make(directory: string, attempt: JobState): Promise<JobFolder> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const folder = new JobFolder(join(directory, `${safeName(attempt.job)}-${attempt.key.attempt}`), attempt);
    await removeTree(folder.path);
    const made = `${folder.path}${NEW}`;
    await rm(made, { recursive: true, force: true });
    for (const each of [made, join(made, 'task'), join(made, 'tmp')]) await mkdir(each, { mode: 0o700 });
    await writeFile(join(made, 'task', 'helper'), HELPER, { mode: 0o644 });
    const program = ownProgram();
    if ('script' in program) await writeFile(join(made, PROGRAM), program.script, { mode: 0o755 });
    await writeFile(join(made, STATE), JSON.stringify(attempt), { mode: 0o600 });
    await rename(made, folder.path);
    return folder;
  }

  /** Removes those that workers before this one had not made whole, or not removed whole. */
  static async sweep(directory: string): Promise<void> {
    for (const name of await readdir(directory).catch(() => [])) {
      if (IN_PART.test(name)) await removeTree(join(directory, name));
    }
  }

  /** Those that workers before this one have left. What is none is left alone. */
  static async leftIn(directory: string): Promise<JobFolder[]> {
    const found: JobFolder[] = [];
    for (const name of await readdir(directory).catch(() => [])) {
      if (IN_PART.test(name)) continue;
      const path = join(directory, name);
      const read = state.safeParse(parseJson(await readFile(join(path, STATE), 'utf8').catch(() => ''))).data;
      if (read) found.push(new JobFolder(path, read));
    }
    return found;
  }

  get state(): JobState {
    return this.#state;
  }

  get task(): string {
    return join(this.path, 'task');
  }

  /** The program that the worker is, for scripts to call. */
  get program(): string {
    const program = ownProgram();
    return 'path' in program ? program.path : join(this.path, PROGRAM);
  }

  get temporary(): string {
    return join(this.path, 'tmp');
  }

  get journal(): string {
    return join(this.path, 'entries.jsonl');
  }

  /** Where a step's script writes. */
  output(step: number): { stdout: string; stderr: string } {
    return { stdout: join(this.path, `${step}.out`), stderr: join(this.path, `${step}.err`) };
  }

  async setScript(script: NonNullable<JobState['script']>): Promise<void> {
    this.#state = { ...this.#state, script };
    await this.#write(STATE, this.#state);
  }

  /** Writes down what is to be reported: from here on nothing of the Job is run again. */
  async setEnding(ending: z.infer<typeof report>): Promise<void> {
    await this.#write(ENDING, ending);
  }

  async ending(): Promise<z.infer<typeof report> | undefined> {
    return report.safeParse(parseJson(await readFile(join(this.path, ENDING), 'utf8').catch(() => ''))).data;
  }

  /** @throws Error when something is still mounted in it */
  async remove(): Promise<void> {
    await removeTree(this.path);
  }

  async #write(name: string, value: unknown): Promise<void> {
    const made = join(this.path, `${name}${NEW}`);
    await writeFile(made, JSON.stringify(value), { mode: 0o600 });
    await rename(made, join(this.path, name));
  }
}

/** Removes a folder, but never what a script has mounted in it and left there: that may be a whole disk. */
async function removeTree(path: string): Promise<void> {
  // As the kernel has it, without links.
  const real = await realpath(path).catch(() => path);
  const mounted = async (): Promise<string[]> => mountsBelow(real, await readFile('/proc/self/mountinfo', 'utf8'));
  for (const mount of await mounted())
    await runProgram('umount', ['-l', mount], { timeout: UNMOUNT_LIMIT_MS }).catch(() => {});
  const [left] = await mounted();
  if (left !== undefined) throw new Error(`${path} is left there: something is mounted at ${left}`);
  if (IN_PART.test(path)) return rm(path, { recursive: true, force: true });
  // At once: of a worker that is killed meanwhile, the next would find a folder without what it needs to know of it.
  const gone = `${path}${GONE}`;
  await rm(gone, { recursive: true, force: true });
  await rename(path, gone).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(gone, { recursive: true, force: true });
}

/** Mount points at or below a path, the last that was mounted first (proc_pid_mountinfo(5): field 5, in octal escapes). */
export function mountsBelow(path: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 8))),
    )
    .filter((mount) => mount === path || mount.startsWith(`${path}/`))
    .reverse();
}
