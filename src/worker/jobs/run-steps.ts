/**
 * Runs the steps of a Job in order: files are written, scripts and containers are run, until one of them says how the Job
 * has ended.
 */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { JobAssignment } from '../container-spec.ts';
import { ActionFailure } from '../images.ts';
import type { JobRun, Progress, Report, TextStep } from '../protocol.ts';
import { DONE, judge, meaningOf, sentenceOf } from './exit-codes.ts';
import { SANE_EXIT_CODES } from './helper-library.ts';
import type { JobFolder } from './job-folder.ts';
import type { JobLog } from './job-log.ts';
import { runContainer, type StepContainerParts } from './run-container.ts';
import { scriptCommand, scriptFile } from './script.ts';
import { ScriptOutput } from './script-output.ts';
import { endSession } from './session.ts';
import { type ProcessEnd, type RunningScript, spawnScript } from './spawn-script.ts';
import { type Deadline, deadlineOf, type StepEnd } from './step-end.ts';
import { writeTaskFile } from './write-file.ts';

/** How often output is looked for, ms. */
const LOOK_EVERY = 200;

/** What became of the steps. */
export type StepsEnd = Pick<Report, 'exit' | 'exitCode' | 'message'> & { state: Exclude<Report['state'], 'RUNNING'> };

export interface StepsParts {
  assignment: JobAssignment;
  containers: StepContainerParts;
  /** Shown to whoever looks on at the machine. */
  say: (text: string) => void;
  folder: JobFolder;
  log: JobLog;
  clock: Clock;
  environment: Record<string, string>;
  progress: (progress: Progress | undefined) => void;
}

/**
 * @throws the signal's reason when it is aborted; the script that ran has been ended then
 * @throws Error on a fault of the worker's own
 */
export async function runSteps(parts: StepsParts, signal: AbortSignal): Promise<StepsEnd> {
  const { assignment, clock, log } = parts;
  const { run, timeout } = assignment;
  const until = timeout > 0 ? clock.uptime() + timeout * 1000 : Number.POSITIVE_INFINITY;
  const over: Deadline = { until, why: `exceeded the Job's limit of ${timeout} s` };
  for (const [index, step] of run.steps.entries()) {
    signal.throwIfAborted();
    const last = index === run.steps.length - 1;
    const called = `${step.container ? 'container' : 'script'} ${step.name}`;
    let ended: StepEnd;
    try {
      if (step.path) {
        const { path, bytes } = await writeTaskFile(parts.folder.task, step.path, step.content);
        await log.note(`file written: ${path} (${bytes} bytes)`);
        if (judge(DONE, last).over) return { state: 'SUCCESS', message: 'finished' };
        continue;
      }
      await log.note(`running ${step.name}`);
      ended = await (step.container
        ? runContainer({ ...parts, ...parts.containers, index, step, over }, signal)
        : runScript(index, step, deadlineOf(step, over, clock), parts, signal));
    } catch (error) {
      if (!(error instanceof ActionFailure)) throw error;
      await log.note(error.message);
      return { state: 'FAILED', message: error.message };
    }
    const { code, words, stopped } = ended;
    if (stopped !== undefined) {
      await log.note(`${step.name} ${stopped.why}: it was ended`);
      return { state: stopped.state, exitCode: code, message: `${called} ${stopped.why}` };
    }
    await log.note(`${step.name} ${words}`);
    const meaning = meaningOf(codesNow(parts), code);
    const judged = judge(meaning, last);
    if (!judged.over) continue;
    const { state, exit } = judged;
    const said = sentenceOf(`${called} ${words}`, meaning, judged);
    return { state, exit, exitCode: code, message: state === 'SUCCESS' && code === 0 ? 'finished' : said };
  }
  return { state: 'SUCCESS', message: 'finished: it has no steps' };
}

/** A script may have asked for it while it ran. */
function codesNow({ assignment, folder }: StepsParts): JobRun['codes'] {
  return existsSync(join(folder.task, SANE_EXIT_CODES)) ? 'sane' : assignment.run.codes;
}

async function runScript(
  index: number,
  step: TextStep,
  deadline: Deadline,
  parts: StepsParts,
  signal: AbortSignal,
): Promise<StepEnd> {
  const { folder, log, assignment, clock } = parts;
  const { until, why } = deadline;
  const script = await start(index, step, parts);
  let end: ProcessEnd | undefined;
  const ended = script.ended.then((found) => {
    end = found;
  });
  let output: ScriptOutput | undefined;
  try {
    output = await ScriptOutput.open(
      { step: index, paths: folder.output(index) },
      { log, secrets: assignment.run.secrets, told: parts.progress },
    );
    // The next worker has to find it, before there is something to be found.
    await folder.setScript({ step: index, name: step.name, session: script.session });
    script.go();
    let stopped: StepEnd['stopped'];
    while (!end) {
      await Promise.race([ended, clock.sleep(Math.max(1, Math.min(LOOK_EVERY, until - clock.uptime())), signal)]);
      if (end) break;
      await output.take();
      if (clock.uptime() >= until) stopped = { state: 'TIMEOUT', why };
      else if (await output.tooMuch()) stopped = { state: 'FAILED', why: 'wrote more than there is room for' };
      if (!stopped) continue;
      await stop(script, ended, clock);
      break;
    }
    const { code, signal: by } = end ?? {};
    return { code, stopped, words: code === undefined ? `was ended by ${by}` : `exited with ${code}` };
  } finally {
    if (!end) await stop(script, ended, clock);
    try {
      await output?.takeRest();
    } finally {
      await output?.close();
    }
  }
}

/** The script, which waits for its word to begin. */
async function start(
  index: number,
  step: TextStep,
  { assignment, folder, environment }: StepsParts,
): Promise<RunningScript> {
  const file = scriptFile(assignment.run.job, step.name);
  const path = join(folder.task, file);
  // Another file: what a script before it of the same name has left running may still read the old one.
  await rm(path, { recursive: true, force: true });
  await writeFile(path, step.content, { mode: 0o700 });
  return spawnScript(scriptCommand(step, file), { cwd: folder.task, environment, ...folder.output(index) });
}

/** Ends all processes of a script; one that the kernel does not let go is not waited for. */
async function stop({ session }: RunningScript, ended: Promise<void>, clock: Clock): Promise<void> {
  if (session === undefined || (await endSession(session, clock)) === 0) await ended;
}
