/**
 * Tells of boots that are stuck though nobody asks: once for each boot of a machine of ours, when what should have come
 * next has not. One sweep looks after all of them.
 */
import { isPlayed } from '../played.ts';
import type { TraceEntry } from '../trace.ts';
import type { Explanation } from './facts.ts';

const SWEEP_MS = 5_000;
/** Boots that are looked at in one turn of the event loop, so that packets go on being answered. */
const AT_ONCE = 5;
/** Nothing is due earlier than this after a packet: in a storm, most boots have got on by then. */
const EARLIEST_MS = 15_000;
/** Of what was heard before the appliance was started, ms. */
const TAKEN_UP_MS = 15 * 60_000;

export interface StuckParts {
  /** The newest entry of each MAC address, and what comes. */
  trace: { newest(): TraceEntry[]; listen(listener: (entry: TraceEntry) => void): () => void };
  clock(): number;
  isKnown(mac: string): boolean;
  /** Of the machine that has this MAC address: another card of it may have got further. */
  explain(mac: string): Explanation | undefined;
  /** Keeps and tells it; what was told of this boot already is not told again. */
  tell(mac: string, explanation: Explanation): Promise<void>;
  failed(error: unknown): void;
}

export class StuckBoots {
  readonly #parts: StuckParts;
  /** By MAC address: when to look, ms since 1970. */
  readonly #watched = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #stop: () => void;
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: StuckParts) {
    this.#parts = parts;
    const since = parts.clock() - TAKEN_UP_MS;
    for (const entry of parts.trace.newest()) if (entry.time >= since) this.#note(entry);
    const unlisten = parts.trace.listen((entry) => {
      if (!isPlayed(entry)) this.#note(entry);
    });
    const timer = setInterval(() => this.sweep(), SWEEP_MS).unref();
    this.#stop = () => {
      unlisten();
      clearInterval(timer);
    };
  }

  /** Strangers are not watched: they are left alone, or discovered. */
  #note({ mac, boot, time }: TraceEntry): void {
    if (this.#told.get(mac) === boot || !this.#parts.isKnown(mac)) return;
    this.#watched.set(mac, Math.min(this.#watched.get(mac) ?? Number.POSITIVE_INFINITY, time + EARLIEST_MS));
  }

  /** Looks at the boots that something has happened to, or is due of. */
  sweep(): Promise<void> {
    this.#sweeping ??= this.#look()
      .catch((error: unknown) => this.#parts.failed(error))
      .finally(() => {
        this.#sweeping = undefined;
      });
    return this.#sweeping;
  }

  async #look(): Promise<void> {
    const now = this.#parts.clock();
    const due = [...this.#watched].filter(([, at]) => at <= now);
    for (let at = 0; at < due.length && !this.#stopped; at += AT_ONCE) {
      for (const [mac] of due.slice(at, at + AT_ONCE)) await this.#lookAt(mac, now);
      await new Promise(setImmediate);
    }
  }

  async #lookAt(mac: string, now: number): Promise<void> {
    const told = this.#parts.explain(mac);
    // Its worker is there, or it is where it is to be: what is wrong then has events of its own.
    if (told?.link === undefined || told.boot === undefined || told.dueAt === undefined) {
      this.#watched.delete(mac);
      return;
    }
    if (told.state !== 'missing' || told.dueAt > now) {
      this.#watched.set(mac, told.dueAt);
      return;
    }
    this.#watched.delete(mac);
    this.#told.set(told.mac ?? mac, told.boot);
    await this.#parts.tell(told.mac ?? mac, told);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stop();
    await this.#sweeping;
  }
}
