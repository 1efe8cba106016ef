/** One attempt at one action in a container: from the first report to the last, and the container's removal. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../errors.ts';
import type { WorkerApi } from './client.ts';
import type { Clock } from './clock.ts';
import type { ActionConsole } from './console.ts';
import {
  type ContainerEngine,
  type ContainerState,
  EngineError,
  type FoundContainer,
  sameAttempt,
} from './container-engine.ts';
import { type ContainerAssignment, containerSpec } from './container-spec.ts';
import { type DiskCounters, type Disks, written } from './disks.ts';
import { Heartbeats } from './heartbeats.ts';
import { ActionFailure, obtainImage } from './images.ts';
import { LogFollower } from './log-follower.ts';
import { patiently } from './patience.ts';
import type { AttemptKey, LogPost, Report } from './protocol.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** How often a running container is looked at, ms. The end of its output is noticed sooner. */
const LOOK_EVERY = 1_000;
/** Seconds from SIGTERM to SIGKILL. */
const GRACE = 10;
const STOP_AGAIN = 1_000;
/** A container that can't be stopped (its process hangs in the kernel) is given up after this, ms. */
const STOP_LIMIT = 60_000;

export interface AttemptParts {
  api: WorkerApi;
  engine: ContainerEngine;
  disks: Disks;
  /** Flushes what was written to the disks. */
  sync: () => Promise<void>;
  clock: Clock;
  boot: string;
  /** Below this each workflow has the directory that its actions share. */
  directory: string;
  privileged: boolean;
}

/** `reported`: the server has the end. `dropped`: it did not want it; nothing of it is left. */
export type AttemptOutcome = 'reported' | 'dropped';

/**
 * Runs an attempt, or takes it up where a worker before this one left it.
 * @throws the signal's reason when the worker is to end; the container is left running, to be adopted
 */
export async function runAttempt(
  assignment: ContainerAssignment,
  parts: AttemptParts,
  shown: ActionConsole,
  signal: AbortSignal,
): Promise<AttemptOutcome> {
  const { api, clock, boot } = parts;
  const key: AttemptKey = { workflow: assignment.workflow, action: assignment.action, attempt: assignment.attempt };
  const begun = await api.report({ ...key, boot, state: 'RUNNING', at: clock.now() }, signal);
  if (begun.kind === 'refused' || begun.value.outcome === 'superseded') {
    shown.say(`not wanted any more${begun.kind === 'refused' ? `: ${begun.reason}` : ''}`);
    await removeOthers(parts.engine, undefined).catch((error: unknown) => shown.say(messageOf(error)));
    return 'dropped';
  }
  const beats = new Heartbeats({ key, boot, api, clock, signal });
  const run = new Attempt(assignment, key, parts, shown, beats, AbortSignal.any([signal, beats.unwanted]));
  try {
    const ending = await run.perform();
    await beats.end();
    shown.end(ending.state, ending.message ?? '', ending.seconds ?? 0);
    const answer = await api.report({ ...key, boot, ...ending }, signal);
    if (answer.kind === 'refused') shown.say(`the server refuses the report: ${answer.reason}`);
    await run.cleanUp();
    return answer.kind === 'refused' ? 'dropped' : 'reported';
  } catch (error) {
    if (signal.aborted || !beats.unwanted.aborted) throw error;
    shown.say(`stopped: the server no longer wants it (${messageOf(beats.unwanted.reason)})`);
    await run.cleanUp();
    return 'dropped';
  } finally {
    await beats.end();
  }
}

/** Removes the containers of all other attempts. Returns that of this one. */
export async function removeOthers(
  engine: ContainerEngine,
  key: AttemptKey | undefined,
): Promise<FoundContainer | undefined> {
  let own: FoundContainer | undefined;
  for (const container of await engine.list()) {
    if (key && !own && sameAttempt(container.key, key)) own = container;
    else await engine.remove(container.id);
  }
  return own;
}

type Ending = Omit<Report, keyof AttemptKey | 'boot'>;

class Attempt {
  readonly #assignment: ContainerAssignment;
  readonly #key: AttemptKey;
  readonly #parts: AttemptParts;
  readonly #shown: ActionConsole;
  readonly #beats: Heartbeats;
  readonly #signal: AbortSignal;
  #container: string | undefined;

  constructor(
    assignment: ContainerAssignment,
    key: AttemptKey,
    parts: AttemptParts,
    shown: ActionConsole,
    beats: Heartbeats,
    signal: AbortSignal,
  ) {
    this.#assignment = assignment;
    this.#key = key;
    this.#parts = parts;
    this.#shown = shown;
    this.#beats = beats;
    this.#signal = signal;
  }

  /** Everything between the first report and the last. */
  async perform(): Promise<Ending> {
    const { disks, clock, sync } = this.#parts;
    let before: DiskCounters | undefined;
    let verdict: Verdict;
    let finishedAt: number | undefined;
    let logTail: string[] = [];
    try {
      const prepared = await this.#prepare();
      before = prepared.disks;
      const follower = this.#follow(prepared);
      try {
        const { state, stopped } = await this.#watch(prepared.id, follower);
        finishedAt = state.finishedAt;
        verdict = verdictOf(state, { limit: this.#assignment.timeout, stopped });
        [logTail] = await Promise.all([follower.finish(), sync()]);
      } finally {
        follower.end();
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      verdict = { state: 'FAILED', message: failureOf(error) };
    }
    const diskWrites = before ? written(before, await disks.counters()) : {};
    return {
      ...verdict,
      message: verdict.message?.slice(0, 2000),
      at: finishedAt ?? clock.now(),
      logTail,
      diskWrites,
      bootableDisks: await disks.bootable(),
    };
  }

  /** Removes the container, if there is one. What can't be removed now is when the next work is asked for. */
  async cleanUp(): Promise<void> {
    const { engine } = this.#parts;
    try {
      const id = this.#container ?? (await engine.list()).find(({ key }) => sameAttempt(key, this.#key))?.id;
      if (id === undefined) return;
      const { running } = await engine.inspect(id);
      if (running) await engine.stop(id, GRACE);
      await engine.remove(id);
    } catch (error) {
      this.#shown.say(`the container could not be removed: ${messageOf(error)}`);
    }
  }

  /** A started container for this attempt: the one there is, or a new one. */
  async #prepare(): Promise<{ id: string; disks: DiskCounters; adopted: boolean }> {
    const { engine } = this.#parts;
    await this.#engineReady();
    const found = await this.#patiently(() => removeOthers(engine, this.#key));
    const made = found ?? (await this.#make());
    this.#container = made.id;
    const { startedAt, running } = await this.#patiently(() => engine.inspect(made.id));
    if (found)
      this.#shown.say(
        startedAt === undefined
          ? 'the container is there, not started yet'
          : `the container is there already${running ? ' and runs' : ', and has ended'}: it is taken over`,
      );
    if (startedAt === undefined) await this.#start(made.id);
    return { ...made, adopted: found !== undefined };
  }

  async #make(): Promise<{ id: string; disks: DiskCounters }> {
    const { engine, disks, clock, directory, privileged } = this.#parts;
    const { run, workflow } = this.#assignment;
    this.#shown.say(`pulling ${run.pull}`);
    const image = await obtainImage(run, {
      engine,
      clock,
      say: (text) => this.#shown.say(text),
      told: (progress) => this.#beats.tell(progress),
      signal: this.#signal,
    });
    this.#beats.tell(undefined);
    const shared = join(directory, workflow);
    await mkdir(shared, { recursive: true, mode: 0o700 });
    const before = await disks.counters();
    const spec = containerSpec(this.#assignment, {
      image,
      directory: shared,
      executable: process.execPath,
      privileged,
      disks: before,
    });
    return { id: await this.#patiently(() => engine.create(spec)), disks: before };
  }

  async #start(id: string): Promise<void> {
    try {
      await this.#patiently(() => this.#parts.engine.start(id));
    } catch (error) {
      if (error instanceof EngineError) throw new ActionFailure(`could not be started: ${error.message}`);
      throw error;
    }
    this.#shown.say('running');
  }

  #follow({ id, adopted }: { id: string; adopted: boolean }): LogFollower {
    const { engine, api, clock } = this.#parts;
    const parts = {
      container: id,
      engine,
      post: (batch: Omit<LogPost, keyof AttemptKey>, until: AbortSignal) => api.log({ ...this.#key, ...batch }, until),
      clock,
      echo: this.#shown.echo,
      progress: this.#beats.tell.bind(this.#beats),
      signal: this.#signal,
    };
    return new LogFollower(parts, adopted);
  }

  /** Waits until the container has ended, stopping it at its limit, which counts from its own start. */
  async #watch(id: string, follower: LogFollower): Promise<{ state: ContainerState; stopped: boolean }> {
    const { engine, clock } = this.#parts;
    const limit = this.#assignment.timeout;
    let deadline: number | undefined;
    for (let outputEnded = false; ; ) {
      const state = await this.#patiently(() => engine.inspect(id));
      if (!state.running) return { state, stopped: false };
      if (limit > 0)
        deadline ??= clock.uptime() + limit * 1000 - Math.max(0, clock.now() - (state.startedAt ?? clock.now()));
      const left = deadline === undefined ? LOOK_EVERY : deadline - clock.uptime();
      if (left <= 0) return { state: await this.#stop(id), stopped: true };
      const pause = clock.sleep(Math.min(left, LOOK_EVERY), this.#signal);
      if (outputEnded) await pause;
      else outputEnded = await Promise.race([pause.then(() => false), follower.ended.then(() => true)]);
    }
  }

  async #stop(id: string): Promise<ContainerState> {
    const { engine, clock } = this.#parts;
    const { timeout } = this.#assignment;
    this.#shown.say(`has exceeded its limit of ${timeout} s: stopping it`);
    for (const until = clock.uptime() + STOP_LIMIT; ; ) {
      let words = '';
      try {
        await engine.stop(id, GRACE);
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        words = error.message;
      }
      const state = await this.#patiently(() => engine.inspect(id));
      if (!state.running || clock.uptime() > until) return state;
      this.#shown.say(`could not be stopped${words && `: ${words}`}; trying again`);
      await clock.sleep(STOP_AGAIN, this.#signal);
    }
  }

  async #engineReady(): Promise<void> {
    let said = '';
    await this.#patiently(async () => {
      try {
        await this.#parts.engine.ping();
      } catch (error) {
        if (said === '') this.#shown.say(`waiting for the container engine (${messageOf(error)})`);
        said = messageOf(error);
        throw error;
      }
    });
    if (said !== '') this.#shown.say('the container engine answers');
  }

  #patiently<T>(request: () => Promise<T>): Promise<T> {
    return patiently(request, this.#parts.clock, this.#signal);
  }
}

/** The engine's own words, or what it was that failed on our side. */
function failureOf(error: unknown): string {
  if (error instanceof ActionFailure) return error.message;
  if (error instanceof EngineError) return `the container engine refused: ${error.message}`;
  return `the worker failed: ${messageOf(error)}`;
}
