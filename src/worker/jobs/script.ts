/** How a script is run: its file, its command, its environment. Pure. */
import type { JobRun, TextStep } from '../protocol.ts';

/** A file name is made of these only. */
export const safeName = (name: string): string => name.replace(/[^a-zA-Z0-9_.-]/g, '_').slice(0, 100);

/** `JOB-NAME` */
export const scriptFile = (job: string, step: string): string => `${safeName(job)}-${safeName(step)}`;

/**
 * The command that runs it. Its first line is read here and not by the kernel: the folder may be where nothing can be
 * executed, as /run often is.
 */
export function scriptCommand({ content, interpreter }: TextStep, file: string): string[] {
  const named = words(interpreter ?? '');
  if (named.length > 0) return [...named, `./${file}`];
  const [, program, argument] = /^#![ \t]*(\S+)[ \t]*(.*?)\s*(?:\n|$)/.exec(content) ?? [];
  if (program === undefined) return ['/bin/sh', `./${file}`];
  // execve(2): all that follows is one argument, on Linux.
  return [program, ...(argument ? [argument] : []), `./${file}`];
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

/** What scripts get of the worker's own environment: nothing that could be a secret of ours. */
const PASSED = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|USER|LOGNAME|SHELL|(?:https?|ftp|no|all)_proxy)$/i;
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What is known around a script. */
export interface Surroundings {
  /** The worker's own environment. */
  own: Readonly<Record<string, string | undefined>>;
  machine: string;
  server: string;
  token: string;
  home: string;
  /** The folder that its files are in, and in which it is run. */
  taskDirectory: string;
  /** The folder of all Jobs. */
  runnerDirectory: string;
  temporary: string;
  /** The program that the worker is. */
  program: string;
}

export function scriptEnvironment(run: Pick<JobRun, 'environment'>, around: Surroundings): Record<string, string> {
  const passed = Object.entries(around.own).filter(
    (pair): pair is [string, string] => PASSED.test(pair[0]) && pair[1] !== undefined,
  );
  return {
    PATH,
    ...Object.fromEntries(passed),
    HOME: around.home,
    TMPDIR: around.temporary,
    RS_UUID: around.machine,
    RS_ENDPOINT: around.server,
    RS_TOKEN: around.token,
    RS_TASK_DIR: around.taskDirectory,
    RS_RUNNER_DIR: around.runnerDirectory,
    RS_TINSMITH: around.program,
    ...run.environment,
  };
}
