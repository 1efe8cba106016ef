/** The containers of one service, and their output on its way to the server. */
import type { WorkerApi } from '../client.ts';
import type { Clock } from '../clock.ts';
import { EngineError } from '../container-engine.ts';
import { LogFollower } from '../log-follower.ts';
import type { ServiceLogPost } from '../protocol.ts';
import type { ServiceContainer } from './decide.ts';
import {
  type FoundService,
  type ServiceEngine,
  type ServiceKey,
  type ServiceState,
  sameService,
} from './service-engine.ts';

/** How long the report of an end waits for the last words, ms. */
const LAST_WORDS = 2_000;
/** How long the removal of a service that is over waits for the server to take its output, ms. */
const SEND_LIMIT = 15_000;
const LAST_LINES = 5;
/** What is told of the end of a health check's output, characters. */
const HEALTH_OUTPUT = 500;

interface Start extends FoundService {
  /** Made by this worker: nothing of its output was sent by another. */
  own: boolean;
  follower?: LogFollower;
  sent: boolean;
  startRefused?: string;
  /** By the clock's uptime, when it was first seen to have ended; before that by `before` ms. */
  ended?: { seen: number; before: number };
}

/** What is known of the service now. */
interface About {
  wanted: () => boolean;
  /** Texts that must not be shown; undefined: it was never wanted here, so nobody has said. */
  secrets: () => readonly string[] | undefined;
  /** Masks them. */
  mask: (text: string) => string;
  signal: AbortSignal;
}

/** All starts of one service that still have a container. */
export class ServiceStarts {
  readonly #key: ServiceKey;
  readonly #parts: { api: Pick<WorkerApi, 'serviceLog'>; engine: ServiceEngine; clock: Clock };
  readonly #about: About;
  readonly #starts = new Map<string, Start>();
  #stale = true;
  #greatest = 0;
  #name: string | undefined;

  constructor(
    key: ServiceKey,
    parts: { api: Pick<WorkerApi, 'serviceLog'>; engine: ServiceEngine; clock: Clock },
    about: About,
  ) {
    this.#key = key;
    this.#parts = parts;
    this.#about = about;
  }

  /** The greatest number of a start seen here; 0 for none. */
  get greatest(): number {
    return this.#greatest;
  }

  /** The service's name, from a container's labels. */
  get name(): string | undefined {
    return this.#name;
  }

  /** Its containers as they are now. @throws EngineError */
  async look(): Promise<ServiceContainer[]> {
    const { engine } = this.#parts;
    if (this.#stale) {
      for (const found of await engine.services()) if (sameService(found.mark.key, this.#key)) this.#add(found, false);
      this.#stale = false;
    }
    const containers: ServiceContainer[] = [];
    for (const start of [...this.#starts.values()]) {
      const state = await this.#inspect(start);
      if (state) containers.push(await this.#seen(start, state));
    }
    return containers;
  }

  /** The engine is asked anew which containers there are. */
  lookAgain(): void {
    this.#stale = true;
  }

  made(found: FoundService): void {
    this.#add(found, true);
  }

  /** The engine would not start it. */
  refused(id: string, reason: string): void {
    const start = this.#starts.get(id);
    if (start) start.startRefused = reason;
  }

  /** It was removed. */
  forget(id: string): void {
    this.#starts.get(id)?.follower?.end();
    this.#starts.delete(id);
  }

  /** Stops reading and sending output. */
  end(): void {
    for (const id of [...this.#starts.keys()]) this.forget(id);
  }

  #add(found: FoundService, own: boolean): void {
    this.#greatest = Math.max(this.#greatest, found.mark.start);
    if (found.mark.name !== '') this.#name = found.mark.name;
    if (!this.#starts.has(found.id)) this.#starts.set(found.id, { ...found, own, sent: false });
  }

  async #inspect({ id }: Start): Promise<ServiceState | undefined> {
    try {
      return await this.#parts.engine.inspectService(id);
    } catch (error) {
      if (!(error instanceof EngineError) || error.status !== 404) throw error;
      this.forget(id);
      return undefined;
    }
  }

  async #seen(start: Start, state: ServiceState): Promise<ServiceContainer> {
    const { clock } = this.#parts;
    const { id, mark } = start;
    const begun = state.startedAt !== undefined;
    if (begun && !start.follower && !start.sent) this.#follow(start);
    if (state.running) start.ended = undefined;
    else if (begun && !start.ended) await this.#hasEnded(start, state);
    const endedFor = start.ended ? start.ended.before + (clock.uptime() - start.ended.seen) : 0;
    return {
      id,
      mark,
      state: this.#shown(state),
      endedFor,
      startRefused: start.startRefused,
      sent: start.sent || (!this.#about.wanted() && endedFor > SEND_LIMIT),
      lastLines: (start.follower?.lastLines ?? []).slice(-LAST_LINES),
    };
  }

  /** Masked before it is cut: what is left of a secret at a cut would not be known for one. */
  #shown(state: ServiceState): ServiceState {
    const { health } = state;
    return health
      ? { ...state, health: { ...health, output: this.#about.mask(health.output).slice(-HEALTH_OUTPUT) } }
      : state;
  }

  async #hasEnded(start: Start, state: ServiceState): Promise<void> {
    const { clock } = this.#parts;
    const { follower } = start;
    start.ended = { seen: clock.uptime(), before: Math.max(0, clock.now() - (state.finishedAt ?? clock.now())) };
    if (!follower) return;
    const { signal } = this.#about;
    const sent = (): void => {
      start.sent = true;
    };
    follower.finish().then(sent, () => {
      // What can't be read will not be sent either; a worker that ends leaves it to the next.
      if (!signal.aborted) sent();
    });
    await Promise.race([follower.ended.catch(() => {}), clock.sleep(LAST_WORDS, signal)]);
  }

  #follow(start: Start): void {
    const { secrets, signal } = this.#about;
    if (start.mark.secret && !secrets()) {
      // A worker before this one knew what has to be masked in it.
      start.sent = true;
      return;
    }
    const { api, engine, clock } = this.#parts;
    const key = { ...this.#key, start: start.mark.start };
    const parts = {
      container: start.id,
      engine,
      clock,
      post: (batch: Pick<ServiceLogPost, 'from' | 'entries'>, until: AbortSignal) =>
        api.serviceLog({ ...key, ...batch }, until),
      echo: () => {},
      progress: () => {},
      secrets: secrets() ?? [],
      signal,
    };
    start.follower = new LogFollower(parts, !start.own);
  }
}
