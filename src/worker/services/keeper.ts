/** Asks the server which services this worker is to have, and has each of them kept, or ended. */
import { messageOf } from '../../errors.ts';
import { EngineError } from '../container-engine.ts';
import { removeFolder, workflowFolders } from '../folders.ts';
import type { WantedService } from '../protocol.ts';
import { KeptService, type ServiceParts } from './kept-service.ts';
import type { ServiceKey } from './service-engine.ts';

/** The server is asked at least so often, ms. */
const ASK_EVERY = 30_000;
/** And no sooner than this after the last time, ms. */
const PACE = 500;
/** Before an engine that does not answer is asked again, ms. */
const ENGINE_AGAIN = 2_000;

/**
 * The keeper of services, beside the loop that does actions and independent of it. Containers outlive it: the next one
 * finds them by their labels.
 */
export class ServiceKeeper {
  readonly #parts: ServiceParts;
  readonly #kept = new Map<string, KeptService>();
  readonly #settled = Promise.withResolvers<void>();
  #news = Promise.withResolvers<void>();
  #complaint = '';

  constructor(parts: ServiceParts) {
    this.#parts = parts;
  }

  /** Asks the server now: it has said that something has changed. */
  changed(): void {
    this.#news.resolve();
  }

  /** A hello has been answered: the server is told of all services again. */
  greeted(): void {
    for (const service of this.#kept.values()) service.repeat();
    this.changed();
  }

  /** Resolves when the server has been asked once, and all services that it wants are begun; also when it refused. */
  settled(): Promise<void> {
    return this.#settled.promise;
  }

  /**
   * Works until the signal is aborted.
   * @throws the signal's reason
   */
  async run(signal: AbortSignal): Promise<never> {
    const { api, clock, directory } = this.#parts;
    let engineAgain = ENGINE_AGAIN;
    try {
      for (;;) {
        this.#news = Promise.withResolvers();
        const asked = clock.uptime();
        const answer = await api.services(await workflowFolders(directory), signal);
        let again = ASK_EVERY;
        if (answer.kind === 'refused')
          this.#complain(`the server does not say which services it wants: ${answer.reason}`);
        else {
          const { services, over } = answer.value;
          const reconciled = await this.#reconcile(services, signal);
          this.#settled.resolve();
          if (!reconciled) again = engineAgain;
          else if (over.length > 0) await this.#removeFolders(over, signal);
          // A machine that has no engine is not to ask so often for ever.
          const waits = !reconciled && services.length === 0;
          engineAgain = waits ? Math.min(2 * engineAgain, ASK_EVERY) : ENGINE_AGAIN;
        }
        this.#settled.resolve();
        await this.#newsOr(again, signal);
        await clock.sleep(Math.max(0, PACE - (clock.uptime() - asked)), signal);
      }
    } finally {
      // Nobody is left waiting.
      this.#settled.resolve();
    }
  }

  /** False: the engine could not be asked which containers there are. */
  async #reconcile(services: readonly WantedService[], signal: AbortSignal): Promise<boolean> {
    const wanted = new Set(services.map(nameOf));
    for (const service of services) this.#service(service, signal).want(service);
    for (const [name, kept] of this.#kept) if (!wanted.has(name)) kept.want(undefined);
    const { engine } = this.#parts;
    try {
      await engine.ping();
      // Of workflows that ended while no worker was here, too.
      for (const { mark } of await engine.services())
        if (!wanted.has(nameOf(mark.key))) this.#service(mark.key, signal).want(undefined);
      this.#complain('');
      return true;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof EngineError)) throw error;
      this.#complain(`waiting for the container engine, to see which services are there (${messageOf(error)})`);
      return false;
    }
  }

  /** A container that is still there goes on with its folder: one in the background, or a service that is being ended. */
  async #removeFolders(over: readonly string[], signal: AbortSignal): Promise<void> {
    const { engine, directory, say } = this.#parts;
    try {
      const services = (await engine.services()).map(({ mark }) => mark.key.workflow);
      const inUse = new Set([...services, ...(await engine.list()).map(({ key }) => key.workflow)]);
      for (const workflow of over) if (!inUse.has(workflow)) await removeFolder(directory, workflow);
    } catch (error) {
      signal.throwIfAborted();
      say(`folders of workflows that are over could not be removed: ${messageOf(error)}`);
    }
  }

  #service(key: ServiceKey, signal: AbortSignal): KeptService {
    const name = nameOf(key);
    const kept = this.#kept.get(name);
    if (kept && !kept.gone) return kept;
    const { workflow, service } = key;
    const made = new KeptService({ workflow, service }, this.#parts, () => this.changed(), signal);
    this.#kept.set(name, made);
    // What it is to do is said at once after this; only then it looks.
    queueMicrotask(() => void this.#keep(name, made, signal));
    return made;
  }

  async #keep(name: string, kept: KeptService, signal: AbortSignal): Promise<void> {
    try {
      await kept.run();
    } catch (error) {
      if (!signal.aborted) this.#parts.say(`service ${name} is not kept any more: ${messageOf(error)}`);
    }
    if (this.#kept.get(name) === kept) this.#kept.delete(name);
  }

  /** Waits for the server's word, but not for ever. */
  async #newsOr(ms: number, signal: AbortSignal): Promise<void> {
    const timer = new AbortController();
    try {
      await Promise.race([this.#news.promise, this.#parts.clock.sleep(ms, AbortSignal.any([signal, timer.signal]))]);
    } finally {
      timer.abort();
    }
  }

  /** Says it once, not at each try. */
  #complain(words: string): void {
    if (words !== this.#complaint && words !== '') this.#parts.say(words);
    this.#complaint = words;
  }
}

const nameOf = ({ workflow, service }: ServiceKey): string => `${workflow}/${service}`;
