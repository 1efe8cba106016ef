/**
 * What a worker that was killed has left of a Job: its log is posted to the end, its processes are ended, its folder is
 * removed. The Job itself the server gives out again, unless its end had been written down.
 */
import { messageOf } from '../../errors.ts';
import type { WorkerApi } from '../client.ts';
import type { Clock } from '../clock.ts';
import type { Say } from '../console.ts';
import type { ContainerEngine } from '../container-engine.ts';
import { JobFolder } from './job-folder.ts';
import { JobLog } from './job-log.ts';
import { settleContainer } from './run-container.ts';
import { ScriptOutput } from './script-output.ts';
import { endSession } from './session.ts';

/** What the log of a Job ends with whose worker died. */
const LAST_LINE = 'the worker was ended here';

/** What this is done with. */
export interface LeftOverParts {
  jobsDirectory: string;
  api: Pick<WorkerApi, 'log' | 'report'>;
  clock: Clock;
  engine: ContainerEngine;
  boot: string;
  say: Say;
}

/**
 * Reports the ends that a worker before this one had come to, but could not report. To be called before the hello: by
 * that the server knows that a Job which still runs was lost.
 * @throws the signal's reason
 */
export async function reportEnds(parts: LeftOverParts, signal: AbortSignal): Promise<void> {
  for (const folder of await JobFolder.leftIn(parts.jobsDirectory)) {
    const ending = await folder.ending();
    // Of a machine that was restarted since, the server has decided otherwise.
    if (ending === undefined || ending.boot !== parts.boot) continue;
    parts.say(`Job ${folder.state.job} had ended when the worker before this one died: its end is reported`);
    const log = await openLog(folder, parts);
    await log.finish(signal);
    const answer = await parts.api.report(ending, signal);
    if (answer.kind === 'refused') parts.say(`the server refuses the report: ${answer.reason}`);
  }
}

/**
 * Ends and removes all Jobs of workers before this one. To be called after the hello: only then it is known that no other
 * worker is at work here.
 * @throws the signal's reason
 */
export async function settleLeftOver(parts: LeftOverParts, signal: AbortSignal): Promise<void> {
  await JobFolder.sweep(parts.jobsDirectory).catch((error: unknown) => {
    parts.say(`what a worker before this one has left of a Job stays: ${messageOf(error)}`);
  });
  for (const folder of await JobFolder.leftIn(parts.jobsDirectory)) {
    try {
      await settle(folder, parts, signal);
    } catch (error) {
      signal.throwIfAborted();
      parts.say(`Job ${folder.state.job} was left by a worker before this one: ${messageOf(error)}`);
    }
  }
}

async function settle(folder: JobFolder, parts: LeftOverParts, signal: AbortSignal): Promise<void> {
  const { clock, say, boot } = parts;
  const { job, script } = folder.state;
  say(`Job ${job} was left by a worker before this one: it is ended, and the rest of its log is sent`);
  if (script?.session && folder.state.boot === boot) {
    const left = await endSession(script.session, clock);
    if (left > 0) say(`${left} processes of script ${script.name} could not be ended`);
  }
  const log = await openLog(folder, parts);
  if ((await folder.ending()) === undefined) {
    if (script?.container !== undefined) await takeRestOfContainer(script.container, script.step, folder, log, parts);
    else if (script) await takeRest(folder, script.step, log);
    if (!log.endsWith(LAST_LINE)) await log.note(LAST_LINE);
  }
  await log.finish(signal);
  await folder.remove();
}

async function takeRest(folder: JobFolder, step: number, log: JobLog): Promise<void> {
  const output = await ScriptOutput.open(
    { step, paths: folder.output(step) },
    { log, secrets: folder.state.secrets, told: () => {} },
  );
  try {
    await output.takeRest();
  } finally {
    await output.close();
  }
}

/** Where there is no engine any more, or no such container, what it has said after the last post is gone. */
async function takeRestOfContainer(
  id: string,
  index: number,
  { state: { secrets } }: JobFolder,
  log: JobLog,
  { engine, clock, say }: LeftOverParts,
): Promise<void> {
  await settleContainer(id, { index, log, engine, clock, secrets }).catch((error: unknown) => {
    say(`container ${id.slice(0, 12)} of the Job could not be ended: ${messageOf(error)}`);
  });
}

function openLog(folder: JobFolder, { api, clock, say }: LeftOverParts): Promise<JobLog> {
  const { key, secrets } = folder.state;
  return JobLog.open(folder.journal, { key, api, clock, secrets, echo: () => {}, say });
}
