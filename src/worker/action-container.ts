/** An action's container: made or taken over, started, followed to its end, and removed. */
import { messageOf } from '../errors.ts';
import { masker } from '../mask.ts';
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
import { EphemeralData } from './data.ts';
import { changesSince, type DiskCounters, type Disks, lookBefore } from './disks.ts';
import type { Heartbeats } from './heartbeats.ts';
import { ActionFailure, obtainImage } from './images.ts';
import { GRACE, removeOthers } from './left-over.ts';
import { LogFollower } from './log-follower.ts';
import { engineReady, patiently } from './patience.ts';
import { type AttemptKey, type LogPost, MESSAGE_LIMIT, type Report } from './protocol.ts';
import { untilEnded } from './until-ended.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** What it is made and run with. */
export interface ContainerParts {
  api: Pick<WorkerApi, 'data' | 'putData' | 'log'>;
  engine: ContainerEngine;
  disks: Disks;
  /** Flushes what was written to the disks. */
  sync: () => Promise<void>;
  clock: Clock;
  /** Below this each workflow has the directory that its actions share. */
  directory: string;
  privileged: boolean;
}

/** What is reported of its end. */
type Ending = Omit<Report, keyof AttemptKey | 'boot'>;

/** A container that is ready to be started, or that a worker before this one has started. */
interface Prepared {
  id: string;
  /** The disks before it started. */
  disks: DiskCounters;
  /** As `Disks.dirtied`, before it started. */
  dirtied?: number;
  adopted: boolean;
  /** ms since 1970; undefined: not yet. */
  startedAt?: number;
}

/**
 * The container of one attempt. What fails, in `prepare` too, becomes the ending that `perform` or `makeReady` gives; only
 * the signal's reason is thrown, by all but `cleanUp`.
 */
export class ActionContainer {
  readonly #assignment: ContainerAssignment;
  readonly #key: AttemptKey;
  readonly #parts: ContainerParts;
  readonly #shown: ActionConsole;
  readonly #beats: Heartbeats;
  readonly #signal: AbortSignal;
  readonly #data: EphemeralData;
  readonly #mask: (text: string) => string;
  #container: string | undefined;
  #started = false;
  #ended = false;

  constructor(
    assignment: ContainerAssignment,
    key: AttemptKey,
    parts: ContainerParts,
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
    const { directory, api } = parts;
    this.#data = new EphemeralData({ directory, workflow: key.workflow, rules: assignment.data, api });
    this.#mask = masker(assignment.run.secrets);
  }

  /** A container for this attempt with the newest data: the one there is, or a new one. */
  async prepare(): Promise<Prepared> {
    const { engine } = this.#parts;
    const found = await this.#othersRemoved();
    if (!found) return this.#make();
    this.#container = found.id;
    const { startedAt, running } = await this.#patiently(() => engine.inspect(found.id));
    this.#shown.say(
      startedAt === undefined
        ? 'the container is there, not started yet'
        : `the container is there already${running ? ' and runs' : ', and has ended'}: it is taken over`,
    );
    this.#started = startedAt !== undefined;
    // What a started one has made of its data must stay.
    if (startedAt === undefined) await this.#data.fetch(this.#signal);
    return { id: found.id, disks: found.disks, adopted: true, startedAt };
  }

  /** Runs it to its end: everything between the first report and the last. */
  async perform(preparing: Promise<Prepared>): Promise<Ending> {
    const { clock } = this.#parts;
    let prepared: Prepared | undefined;
    let verdict: Verdict;
    let finishedAt: number | undefined;
    let logTail: string[] = [];
    try {
      prepared = await preparing;
      const startedAt = prepared.startedAt ?? (await this.#start(prepared.id));
      const follower = this.#follow(prepared);
      try {
        const { state, stopped } = await this.#untilEnded(prepared.id, startedAt);
        this.#ended = !state.running;
        finishedAt = state.finishedAt;
        verdict = verdictOf(state, { limit: this.#assignment.timeout, stopped });
        logTail = await follower.finish();
      } finally {
        follower.end();
      }
    } catch (error) {
      this.#signal.throwIfAborted();
      verdict = { state: 'FAILED', message: failureOf(error) };
    }
    const [dataFault, disks] = await Promise.all([
      this.#started ? this.#data.send(this.#key, this.#signal) : undefined,
      this.#look(prepared),
    ]);
    const told = withDataFault(verdict, dataFault);
    return { ...told, message: this.#words(told.message), at: finishedAt ?? clock.now(), logTail, ...disks };
  }

  /** Makes ready what is to run in the background. */
  async makeReady(preparing: Promise<Prepared>): Promise<Ending> {
    const { clock } = this.#parts;
    try {
      await preparing;
      return { state: 'SUCCESS', at: clock.now(), seconds: 0, message: 'started in the background' };
    } catch (error) {
      this.#signal.throwIfAborted();
      return { state: 'FAILED', at: clock.now(), message: this.#words(failureOf(error)) };
    }
  }

  /** Starts what was made ready, and leaves it to itself. */
  async letGo(): Promise<void> {
    if (this.#container === undefined || this.#started) return;
    try {
      await this.#start(this.#container);
    } catch (error) {
      this.#signal.throwIfAborted();
      this.#shown.say(failureOf(error));
    }
  }

  /** Removes the container, if there is one. What can't be removed now is when the next work is asked for. */
  async cleanUp(): Promise<void> {
    const { engine } = this.#parts;
    try {
      const id = this.#container ?? (await engine.list()).find(({ key }) => sameAttempt(key, this.#key))?.id;
      if (id === undefined) return;
      if (!this.#ended && (await engine.inspect(id)).running) await engine.stop(id, GRACE);
      await engine.remove(id);
    } catch (error) {
      this.#shown.say(`the container could not be removed: ${messageOf(error)}`);
    }
  }

  async #make(): Promise<Prepared> {
    const { engine, disks, privileged } = this.#parts;
    const fetching = this.#data.fetch(this.#signal);
    let image: string;
    try {
      image = await this.#obtainImage();
    } finally {
      // Not left under way, whatever comes of the image.
      await fetching.catch(() => {});
    }
    await fetching;
    const { counters, dirtied } = await lookBefore(disks);
    const spec = containerSpec(this.#assignment, {
      image,
      directory: this.#data.folder,
      executable: process.execPath,
      privileged,
      disks: counters,
    });
    this.#signal.throwIfAborted();
    const id = await this.#patiently(() => engine.create(spec));
    this.#container = id;
    return { id, disks: counters, dirtied, adopted: false };
  }

  async #obtainImage(): Promise<string> {
    const { engine, clock } = this.#parts;
    const { run } = this.#assignment;
    this.#shown.say(`pulling ${run.pull}`);
    const image = await obtainImage(run, {
      engine,
      clock,
      say: (text) => this.#shown.say(text),
      told: (progress) => this.#beats.tell(progress),
      signal: this.#signal,
    });
    this.#beats.tell(undefined);
    return image;
  }

  /** @returns when, ms since 1970 */
  async #start(id: string): Promise<number> {
    const { engine, clock } = this.#parts;
    try {
      await this.#patiently(() => engine.start(id));
    } catch (error) {
      if (error instanceof EngineError) throw new ActionFailure(`could not be started: ${error.message}`);
      throw error;
    }
    this.#started = true;
    this.#shown.say('running');
    return clock.now();
  }

  #follow({ id, adopted }: Prepared): LogFollower {
    const { engine, api, clock } = this.#parts;
    const parts = {
      container: id,
      engine,
      post: (batch: Omit<LogPost, keyof AttemptKey>, until: AbortSignal) => api.log({ ...this.#key, ...batch }, until),
      clock,
      echo: this.#shown.echo,
      progress: this.#beats.tell.bind(this.#beats),
      secrets: this.#assignment.run.secrets,
      signal: this.#signal,
    };
    return new LogFollower(parts, adopted);
  }

  #untilEnded(id: string, startedAt: number): Promise<{ state: ContainerState; stopped: boolean }> {
    const { engine, clock } = this.#parts;
    const say = (text: string): void => this.#shown.say(text);
    return untilEnded({ id, startedAt, limit: this.#assignment.timeout }, { engine, clock, say, signal: this.#signal });
  }

  /** What was written to the disks, and what could be booted from. */
  #look(prepared: Prepared | undefined): Promise<Pick<Report, 'diskWrites' | 'bootableDisks'>> {
    const { disks, sync } = this.#parts;
    const before = prepared && { counters: prepared.disks, dirtied: prepared.dirtied };
    return changesSince(before, { disks, sync, started: this.#started });
  }

  /** Asks for nothing first: an engine that answered a moment ago answers now. */
  async #othersRemoved(): Promise<FoundContainer | undefined> {
    const { engine, clock } = this.#parts;
    try {
      return await removeOthers(engine, this.#key);
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== undefined) throw error;
      await engineReady(engine, clock, (text) => this.#shown.say(text), this.#signal);
      return this.#patiently(() => removeOthers(engine, this.#key));
    }
  }

  #words(message: string | undefined): string | undefined {
    return message === undefined ? undefined : this.#mask(message).slice(0, MESSAGE_LIMIT);
  }

  #patiently<T>(request: () => Promise<T>): Promise<T> {
    return patiently(request, this.#parts.clock, this.#signal);
  }
}

/** An action whose data could not be taken has not succeeded. */
function withDataFault(verdict: Verdict, fault: string | undefined): Verdict {
  if (fault === undefined) return verdict;
  if (verdict.state === 'SUCCESS') return { ...verdict, state: 'FAILED', message: fault };
  return { ...verdict, message: `${verdict.message ?? ''}; ${fault}` };
}

/** The engine's own words, or what it was that failed on our side. */
function failureOf(error: unknown): string {
  if (error instanceof ActionFailure) return error.message;
  if (error instanceof EngineError) return `the container engine refused: ${error.message}`;
  return `the worker failed: ${messageOf(error)}`;
}
