/** One attempt at a Job, as the server hears of it: from the first report to the last. */
import { messageOf } from '../../errors.ts';
import { masker } from '../../mask.ts';
import { type AttemptOutcome, refusalOf } from '../attempt.ts';
import type { WorkerApi } from '../client.ts';
import type { Clock } from '../clock.ts';
import type { ActionConsole } from '../console.ts';
import { type ContainerEngine, sameAttempt } from '../container-engine.ts';
import type { JobAssignment } from '../container-spec.ts';
import { changesSince, type Disks, lookBefore } from '../disks.ts';
import { Heartbeats } from '../heartbeats.ts';
import { removeOthers } from '../left-over.ts';
import type { Notices } from '../notices.ts';
import { type AttemptKey, MESSAGE_LIMIT, type Report } from '../protocol.ts';
import { JobFolder } from './job-folder.ts';
import { JobLog } from './job-log.ts';
import { runSteps, type StepsEnd } from './run-steps.ts';
import { type Surroundings, scriptEnvironment } from './script.ts';

/** The log of a Job that was stopped gets so long to be posted, ms; the rest is for the next worker. */
const LAST_POSTS = 3_000;

/** What Jobs are run with. */
export interface JobParts {
  api: Pick<WorkerApi, 'report' | 'heartbeat' | 'log' | 'data' | 'putData'>;
  notices: Pick<Notices, 'onStop'>;
  engine: ContainerEngine;
  disks: Disks;
  sync: () => Promise<void>;
  clock: Clock;
  boot: string;
  /** Below this each attempt has its folder. */
  jobsDirectory: string;
  /** Below this each workflow has the directory that its containers share. */
  directory: string;
  /** Whether containers are privileged where their step does not say. */
  privileged: boolean;
  around: Pick<Surroundings, 'own' | 'machine' | 'server' | 'token' | 'home'>;
}

/**
 * Runs a Job from its first step. There is no taking over: a worker that ends, ends its scripts.
 * @throws the signal's reason when the worker is to end. Nothing was reported then: the server gives it to the next.
 */
export async function runJob(
  assignment: JobAssignment,
  parts: JobParts,
  shown: ActionConsole,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const { api, clock, boot, notices, engine } = parts;
  const key: AttemptKey = { workflow: assignment.workflow, action: assignment.action, attempt: assignment.attempt };
  const beats = new Heartbeats({ key, boot, api, clock, signal });
  const forget = notices.onStop((notice) => {
    if (sameAttempt(notice, key)) beats.stop(notice.reason);
  });
  // A machine need not have an engine. Where it has one, what other workflows have left in the background ends.
  const others = removeOthers(engine, key).catch(() => undefined);
  let folder: JobFolder | undefined;
  try {
    const unwanted = refusalOf(await api.report({ ...key, boot, state: 'RUNNING', at: clock.now() }, signal));
    if (unwanted !== undefined) {
      shown.say(`not wanted any more: ${unwanted}`);
      return 'dropped';
    }
    const { job, secrets } = assignment.run;
    const stop = AbortSignal.any([signal, beats.unwanted]);
    let ending: Ending;
    try {
      folder = await JobFolder.make(parts.jobsDirectory, { key, boot, job, secrets });
      shown.say('running');
      ending = await perform({ assignment, key, folder, beats, shown, stop }, parts);
    } catch (error) {
      stop.throwIfAborted();
      ending = { state: 'FAILED', at: clock.now(), message: failureOf(error, secrets) };
    }
    await beats.end();
    shown.end(ending.state, ending.message ?? '', ending.seconds ?? 0);
    const refused = refusalOf(await api.report({ ...key, boot, ...ending }, signal));
    if (refused !== undefined) shown.say(`the server does not want the report: ${refused}`);
    if (folder) await removed(folder, shown);
    return refused === undefined ? 'reported' : 'dropped';
  } catch (error) {
    if (signal.aborted || !beats.unwanted.aborted) throw error;
    shown.say(`stopped: the server no longer wants it (${messageOf(beats.unwanted.reason)})`);
    if (folder) await removed(folder, shown);
    return 'dropped';
  } finally {
    forget();
    await beats.end();
    await others;
  }
}

type Ending = Omit<Report, keyof AttemptKey | 'boot'>;

/** Everything between the first report and the last: steps, log, disks. */
async function perform(
  attempt: {
    assignment: JobAssignment;
    key: AttemptKey;
    folder: JobFolder;
    beats: Heartbeats;
    shown: ActionConsole;
    stop: AbortSignal;
  },
  parts: JobParts,
): Promise<Ending> {
  const { assignment, key, folder, beats, shown, stop } = attempt;
  const { api, clock, boot, disks, sync, jobsDirectory, around } = parts;
  const { run } = assignment;
  const log = await JobLog.open(folder.journal, {
    ...{ key, api, clock, secrets: run.secrets },
    echo: shown.echo,
    say: (text) => shown.say(text),
  });
  try {
    const before = await lookBefore(disks);
    const begun = clock.uptime();
    const environment = scriptEnvironment(run, {
      ...around,
      taskDirectory: folder.task,
      runnerDirectory: jobsDirectory,
      temporary: folder.temporary,
      program: folder.program,
    });
    let end: StepsEnd;
    try {
      const progress = beats.tell.bind(beats);
      const say = (text: string): void => shown.say(text);
      end = await runSteps({ assignment, containers: parts, folder, log, clock, environment, say, progress }, stop);
    } catch (error) {
      stop.throwIfAborted();
      end = { state: 'FAILED', message: failureOf(error, run.secrets) };
    }
    const ending: Ending = {
      ...end,
      message: end.message === undefined ? undefined : masker(run.secrets)(end.message).slice(0, MESSAGE_LIMIT),
      at: clock.now(),
      seconds: (clock.uptime() - begun) / 1000,
      logTail: log.lastLines,
      ...(await changesSince(before, { disks, sync, started: true })),
    };
    // Where it can't be written down, a worker that is killed now has the Job run again.
    await folder.setEnding({ ...key, boot, ...ending }).catch((error: unknown) => shown.say(messageOf(error)));
    await log.finish(stop);
    return ending;
  } catch (error) {
    await log.finishWithin(LAST_POSTS);
    throw error;
  }
}

/** What was at fault is the worker, or the machine that it is on. */
const failureOf = (error: unknown, secrets: readonly string[]): string =>
  masker(secrets)(`the worker failed: ${messageOf(error)}`).slice(0, MESSAGE_LIMIT);

async function removed(folder: JobFolder, shown: ActionConsole): Promise<void> {
  await folder.remove().catch((error: unknown) => shown.say(messageOf(error)));
}
