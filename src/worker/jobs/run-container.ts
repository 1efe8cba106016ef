/**
 * A step of a Job that is a container: made as those of actions are, and followed to its end, with its output in the Job's
 * log. Like a script it ends with its worker; the next one runs the Job again.
 */
import { messageOf } from '../../errors.ts';
import type { WorkerApi } from '../client.ts';
import type { Clock } from '../clock.ts';
import { type ContainerEngine, type ContainerState, EngineError, sameAttempt } from '../container-engine.ts';
import { containerSpec, type JobAssignment } from '../container-spec.ts';
import { EphemeralData } from '../data.ts';
import { ActionFailure, obtainImage } from '../images.ts';
import { GRACE } from '../left-over.ts';
import { LogFollower } from '../log-follower.ts';
import { engineReady, patiently } from '../patience.ts';
import type { AttemptKey, ContainerRun, ContainerStep, Progress } from '../protocol.ts';
import { untilEnded } from '../until-ended.ts';
import type { JobFolder } from './job-folder.ts';
import type { JobLog } from './job-log.ts';
import { type Deadline, deadlineOf, type StepEnd } from './step-end.ts';

/** Where a container finds the folder of its Job: the files that steps before it have written. */
const TASK_FOLDER = '/task';

/** What containers of Jobs are made with. */
export interface StepContainerParts {
  engine: ContainerEngine;
  api: Pick<WorkerApi, 'data' | 'putData'>;
  /** Below this each workflow has the directory that its actions share. */
  directory: string;
  privileged: boolean;
}

/** Which step of which Job it is. */
export interface StepOfJob extends StepContainerParts {
  index: number;
  step: ContainerStep;
  /** When its Job is over. */
  over: Deadline;
  assignment: JobAssignment;
  folder: JobFolder;
  log: JobLog;
  clock: Clock;
  /** Shown to whoever looks on at the machine. */
  say: (text: string) => void;
  progress: (progress: Progress | undefined) => void;
}

/**
 * Runs it to its end.
 * @throws the signal's reason when it is aborted; the container has been ended then
 * @throws ActionFailure where there is no engine, no image, or the container can't be made or started
 */
export async function runContainer(of: StepOfJob, signal: AbortSignal): Promise<StepEnd> {
  const { engine, clock, api, directory, step, index, folder, log, assignment, say } = of;
  const key: AttemptKey = { workflow: assignment.workflow, action: assignment.action, attempt: assignment.attempt };
  const data = new EphemeralData({ directory, workflow: key.workflow, rules: assignment.data, api });
  await ready(of, signal);
  const id = await failing(() => make(of, key, data, signal));
  let state: ContainerState | undefined;
  let follower: LogFollower | undefined;
  try {
    await log.begin(index);
    await folder.setScript({ step: index, name: step.name, container: id });
    await failing(() => patiently(() => engine.start(id), clock, signal));
    follower = followed(id, { ...of, adopted: false, secrets: step.container.secrets });
    const { until, why } = deadlineOf(step, of.over, clock);
    const limit = until === Number.POSITIVE_INFINITY ? 0 : Math.max(1, Math.ceil((until - clock.uptime()) / 1000));
    const ended = await untilEnded({ id, startedAt: clock.now(), limit }, { engine, clock, say, signal });
    state = ended.state;
    await follower.finish();
    const fault = await data.send(key, signal);
    if (ended.stopped) return { code: state.exitCode, words: '', stopped: { state: 'TIMEOUT', why } };
    const end = endOf(state);
    return fault === undefined || end.code !== 0 ? end : { words: `has left what cannot be kept: ${fault}` };
  } finally {
    if (state?.running !== false) await engine.stop(id, GRACE).catch(() => {});
    // Of one that was ended early, what it had said until then.
    await follower?.finish().catch(() => {});
    follower?.end();
    await engine.remove(id).catch((error: unknown) => say(`the container could not be removed: ${messageOf(error)}`));
  }
}

/**
 * Ends and removes the container that a worker that was killed has left of a Job, and adds the rest of what it has said.
 * @throws EngineError
 */
export async function settleContainer(
  id: string,
  of: Pick<StepOfJob, 'index' | 'log' | 'engine' | 'clock'> & { secrets: readonly string[] },
): Promise<void> {
  const { engine } = of;
  if ((await engine.inspect(id)).running) await engine.stop(id, GRACE);
  const follower = followed(id, { ...of, progress: () => {}, adopted: true });
  try {
    await follower.finish();
  } finally {
    follower.end();
  }
  await engine.remove(id);
}

/** A machine need not have an engine: one that does not come is told as what it is. */
async function ready({ log, step, engine, clock }: StepOfJob, signal: AbortSignal): Promise<void> {
  const said: Promise<void>[] = [];
  try {
    await engineReady(engine, clock, (text) => void said.push(log.note(text)), signal);
  } catch (error) {
    if (!(error instanceof ActionFailure)) throw error;
    throw new ActionFailure(
      `${step.name} is a container, and this machine has no container engine that could run it: ${error.message}`,
    );
  } finally {
    await Promise.all(said);
  }
}

async function make(
  { index, step, assignment, folder, log, say, progress, engine, clock, privileged }: StepOfJob,
  key: AttemptKey,
  data: EphemeralData,
  signal: AbortSignal,
): Promise<string> {
  const run: ContainerRun = {
    ...step.container,
    environment: { ...assignment.run.environment, RS_TASK_DIR: TASK_FOLDER, ...step.container.environment },
  };
  // Of a worker that was killed while it made it.
  for (const { id, key: other } of await engine.list()) if (sameAttempt(other, key)) await engine.remove(id);
  await data.fetch(signal);
  await log.note(`pulling ${run.pull}`);
  const image = await obtainImage(run, { engine, clock, say, told: progress, signal });
  progress(undefined);
  const around = { directory: data.folder, executable: process.execPath, privileged, disks: {} };
  const spec = containerSpec({ ...key, name: `${index}-${step.name}`, run, background: false }, { ...around, image });
  const ours = spec.binds.some((bind) => bind.split(':')[1] === TASK_FOLDER) ? [] : [`${folder.task}:${TASK_FOLDER}`];
  return patiently(() => engine.create({ ...spec, binds: [...ours, ...spec.binds] }), clock, signal);
}

/** Carries the output of a container into the Job's log; what of it is there already is not added again. */
function followed(
  container: string,
  of: Pick<StepOfJob, 'index' | 'log' | 'progress' | 'engine' | 'clock'> & {
    adopted: boolean;
    secrets: readonly string[];
  },
): LogFollower {
  const { log, index, engine, clock, adopted, progress, secrets } = of;
  const known = (): number => (log.position.step === index ? log.position.stdout : 0);
  return new LogFollower(
    {
      ...{ container, engine, clock, progress, secrets },
      // The log shows it.
      echo: () => {},
      async post({ from, entries }) {
        const fresh = entries.slice(Math.max(0, known() - from));
        const next = Math.max(known(), from + entries.length);
        if (fresh.length > 0) await log.add(fresh, { ...log.position, step: index, stdout: next });
        return { kind: 'answer', value: { next } };
      },
      signal: new AbortController().signal,
    },
    adopted,
  );
}

function endOf({ exitCode, outOfMemory, error, startedAt }: ContainerState): StepEnd {
  if (startedAt === undefined) return { words: `could not be started${error && `: ${error}`}` };
  if (outOfMemory) return { words: 'was ended by the kernel: out of memory' };
  return error === '' ? { code: exitCode, words: `exited with ${exitCode}` } : { words: `has failed: ${error}` };
}

/** What the engine refuses is a failure of the Job, not of the worker. */
async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof EngineError) throw new ActionFailure(`the container engine refused: ${error.message}`);
    throw error;
  }
}
