/** A container engine in memory: containers run scripts of the test's own. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../src/worker/clock.ts';
import { type ContainerSpec, type ContainerState, EngineError } from '../../src/worker/container-engine.ts';
import type { LogFrame } from '../../src/worker/output.ts';
import type {
  FoundService,
  ServiceEngine,
  ServiceSpec,
  ServiceState,
} from '../../src/worker/services/service-engine.ts';

interface FakeContainer {
  id: string;
  spec: ContainerSpec;
  state: ContainerState;
  frames: LogFrame[];
}

interface FakeServiceContainer {
  id: string;
  spec: ServiceSpec;
  state: ServiceState;
  frames: LogFrame[];
}

/** What a container does: lines it says, then its exit code; `never`: it goes on until it is stopped. */
export interface Script {
  says?: string[];
  exit: number | 'never';
  outOfMemory?: boolean;
  startError?: string;
  /** Done at its start, with the spec that it was made from. */
  does?: (spec: ContainerSpec | ServiceSpec) => void;
}

export class FakeEngine implements ServiceEngine {
  readonly containers = new Map<string, FakeContainer>();
  readonly serviceContainers = new Map<string, FakeServiceContainer>();
  /** Ports that images expose, by image name. */
  readonly exposed: Record<string, number[]> = {};
  bridge = false;
  /** By image name; an image that is not here does not exist. */
  readonly scripts: Record<string, Script>;
  readonly calls: string[] = [];
  /** Thrown by pulls, one by one. */
  readonly pullErrors: EngineError[] = [];
  readonly local = new Set<string>();
  away = false;
  readonly #clock: Clock;

  constructor(clock: Clock, scripts: Record<string, Script>) {
    this.#clock = clock;
    this.scripts = scripts;
  }

  #reach(call: string): void {
    this.calls.push(call);
    if (this.away) throw new EngineError('connect ENOENT /run/docker.sock');
  }

  #container(id: string): FakeContainer | FakeServiceContainer {
    const container = this.containers.get(id) ?? this.serviceContainers.get(id);
    if (!container) throw new EngineError(`No such container: ${id}`, 404);
    return container;
  }

  async ping(): Promise<string> {
    this.#reach('ping');
    return 'Fake Engine 1';
  }

  async pull(image: string, told: (progress: { downloaded: number; total: number }) => void): Promise<void> {
    this.#reach(`pull ${image}`);
    const error = this.pullErrors.shift();
    if (error) throw error;
    if (!this.scripts[image]) throw new EngineError(`manifest for ${image} not found: manifest unknown`, 404);
    told({ downloaded: 5, total: 10 });
  }

  async hasImage(image: string): Promise<boolean> {
    this.#reach(`hasImage ${image}`);
    return this.local.has(image);
  }

  async list() {
    this.#reach('list');
    return [...this.containers.values()].map(({ id, spec: { key, disks, background }, state }) => {
      const condition = state.running ? 'running' : state.startedAt === undefined ? 'made' : 'ended';
      return { id, key, disks, background, condition } as const;
    });
  }

  async create(spec: ContainerSpec): Promise<string> {
    this.#reach(`create ${spec.name}`);
    const id = `c${this.containers.size + 1}-${spec.name}`;
    this.containers.set(id, {
      id,
      spec,
      frames: [],
      state: { running: false, exitCode: 0, outOfMemory: false, error: '' },
    });
    return id;
  }

  async start(id: string): Promise<void> {
    this.#reach(`start ${id}`);
    const container = this.#container(id);
    const script = this.scripts[container.spec.image];
    if (!script || script.startError) throw new EngineError(script?.startError ?? 'no script', 400);
    container.state = { ...container.state, running: true, startedAt: this.#clock.now() };
    script.does?.(container.spec);
    for (const line of script.says ?? []) this.say(id, line);
    if (script.exit !== 'never') this.exit(id, script.exit, script.outOfMemory);
  }

  /** The container says a line. */
  say(id: string, line: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    const container = this.#container(id);
    container.frames.push({
      stream,
      payload: Buffer.from(`2026-01-02T03:04:05.${String(container.frames.length).padStart(9, '0')}Z ${line}\n`),
    });
  }

  exit(id: string, exitCode: number, outOfMemory = false): void {
    const container = this.#container(id);
    container.state = { ...container.state, running: false, exitCode, outOfMemory, finishedAt: this.#clock.now() };
  }

  async inspect(id: string): Promise<ContainerState> {
    this.#reach(`inspect ${id}`);
    return this.#container(id).state;
  }

  async wait(id: string, signal: AbortSignal): Promise<void> {
    this.#reach(`wait ${id}`);
    while (this.#container(id).state.running) await delay(2, undefined, { signal });
  }

  async *logs(id: string, signal: AbortSignal): AsyncIterable<LogFrame> {
    this.#reach(`logs ${id}`);
    const container = this.#container(id);
    for (let next = 0; ; ) {
      signal.throwIfAborted();
      const frame = container.frames[next];
      if (frame) {
        next += 1;
        yield frame;
      } else if (!container.state.running) return;
      else await delay(2, undefined, { signal });
    }
  }

  async lastLogs(id: string): Promise<LogFrame[]> {
    this.#reach(`last logs ${id}`);
    return this.#container(id).frames.slice(-3);
  }

  async stop(id: string): Promise<void> {
    this.#reach(`stop ${id}`);
    if (this.#container(id).state.running) this.exit(id, 143);
  }

  async remove(id: string): Promise<void> {
    this.#reach(`remove ${id}`);
    this.containers.delete(id);
    this.serviceContainers.delete(id);
  }

  async services(): Promise<FoundService[]> {
    this.#reach('services');
    return [...this.serviceContainers.values()].map(({ id, spec }) => ({ id, mark: spec.mark }));
  }

  async createService(spec: ServiceSpec): Promise<string> {
    this.#reach(`create ${spec.name}`);
    const id = `s-${spec.name}`;
    const published = Object.fromEntries(spec.ports.map(({ port, published = 32_000 + port }) => [port, published]));
    this.serviceContainers.set(id, {
      id,
      spec,
      frames: [],
      state: { running: false, exitCode: 0, outOfMemory: false, error: '', published },
    });
    return id;
  }

  async inspectService(id: string): Promise<ServiceState> {
    this.#reach(`inspect ${id}`);
    const container = this.serviceContainers.get(id);
    if (!container) throw new EngineError(`No such container: ${id}`, 404);
    return container.state;
  }

  /** What the engine's health check of a service has found. */
  health(id: string, status: 'starting' | 'healthy' | 'unhealthy', output = ''): void {
    const container = this.serviceContainers.get(id);
    if (container) container.state = { ...container.state, health: { status, output } };
  }

  async exposedPorts(image: string): Promise<number[]> {
    this.#reach(`exposed ${image}`);
    return this.exposed[image] ?? [];
  }

  async hasBridge(): Promise<boolean> {
    this.#reach('networks');
    return this.bridge;
  }
}
