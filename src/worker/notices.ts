/** The server's stream of notices: kept open, and heard by whoever it is for. It spares everybody asking. */
import { parseJson } from '../json.ts';
import { pauseAfter, type WorkerApi } from './client.ts';
import type { Clock } from './clock.ts';
import { type StopNotice, stopNotice } from './protocol.ts';

/** A stream that tells nothing for so long is dead, ms: the server sends a comment every 30 s at least. */
const SILENCE = 75_000;
/** Before a server that has no stream is asked for it again, ms. */
const NO_STREAM_PAUSE = 60_000;
/** A stream that has lasted so long was a good one: the next is opened soon, ms. */
const LASTED = 5_000;

/** Tells its listeners what the server says. */
export class Notices {
  readonly #parts: { api: Pick<WorkerApi, 'stream'>; clock: Clock; random: () => number };
  readonly #work = new Set<() => void>();
  readonly #services = new Set<() => void>();
  readonly #stop = new Set<(notice: StopNotice) => void>();
  #up = false;

  constructor(parts: { api: Pick<WorkerApi, 'stream'>; clock: Clock; random?: () => number }) {
    this.#parts = { random: Math.random, ...parts };
  }

  /** Whether the stream is open: then nobody has to ask, but now and then. */
  get up(): boolean {
    return this.#up;
  }

  /** There may be something to do; also when the stream has just been opened. @returns ends it */
  onWork(listener: () => void): () => void {
    return listen(this.#work, listener);
  }

  /** Services may have changed; also when the stream has just been opened. @returns ends it */
  onServices(listener: () => void): () => void {
    return listen(this.#services, listener);
  }

  /** An attempt is no longer wanted. @returns ends it */
  onStop(listener: (notice: StopNotice) => void): () => void {
    return listen(this.#stop, listener);
  }

  /**
   * Keeps the stream open until the signal is aborted.
   * @throws the signal's reason
   */
  async run(signal: AbortSignal): Promise<never> {
    const { clock, random } = this.#parts;
    for (let tries = 0; ; tries += 1) {
      const opened = clock.uptime();
      const outcome = await this.#once(signal);
      signal.throwIfAborted();
      if (clock.uptime() - opened > LASTED && outcome === 'ended') tries = 0;
      const pause = outcome === 'none here' ? NO_STREAM_PAUSE * (0.5 + random() / 2) : pauseAfter(tries, random());
      await clock.sleep(pause, signal);
    }
  }

  async #once(signal: AbortSignal): Promise<'ended' | 'away' | 'none here'> {
    const { api, clock } = this.#parts;
    const end = new AbortController();
    const both = AbortSignal.any([signal, end.signal]);
    try {
      const answer = await api.stream(both);
      if (answer === undefined) return 'away';
      if (answer.kind === 'refused') return 'none here';
      this.#up = true;
      let heardAt = clock.uptime();
      void watch(
        () => heardAt,
        clock,
        both,
        () => end.abort(),
      );
      tell(this.#work);
      tell(this.#services);
      const parser = new EventParser();
      for await (const chunk of answer.value) {
        heardAt = clock.uptime();
        for (const event of parser.feed(chunk)) this.#take(event);
      }
      return 'ended';
    } catch {
      // It broke off; its end is all that has to be known.
      return 'ended';
    } finally {
      this.#up = false;
      end.abort();
    }
  }

  #take({ name, data }: { name: string; data: string }): void {
    if (name === 'work') tell(this.#work);
    else if (name === 'services') tell(this.#services);
    else if (name === 'stop') {
      const notice = stopNotice.safeParse(parseJson(data)).data;
      if (notice) for (const listener of [...this.#stop]) listener(notice);
    }
  }
}

function listen<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

function tell(listeners: Iterable<() => void>): void {
  for (const listener of [...listeners]) listener();
}

/** Calls when nothing was heard for too long. */
async function watch(heardAt: () => number, clock: Clock, signal: AbortSignal, silent: () => void): Promise<void> {
  try {
    for (let left = SILENCE; left > 0; left = heardAt() + SILENCE - clock.uptime()) await clock.sleep(left, signal);
    silent();
  } catch {
    // The stream has ended, and with it what was watched.
  }
}

/** Longest line that is kept, in characters: a notice is short. */
const LINE_LIMIT = 65_536;

/**
 * Takes server-sent events apart (HTML standard, section 9.2.6), as far as they are used here: an event has a name, and
 * may have no data.
 */
class EventParser {
  readonly #decoder = new TextDecoder();
  #rest = '';
  #name = '';
  #data: string[] = [];

  feed(chunk: Uint8Array): { name: string; data: string }[] {
    const lines = (this.#rest + this.#decoder.decode(chunk, { stream: true })).split(/\r?\n/);
    this.#rest = (lines.pop() ?? '').slice(-LINE_LIMIT);
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): { name: string; data: string } | undefined {
    if (line === '') {
      const event = this.#name === '' ? undefined : { name: this.#name, data: this.#data.join('\n') };
      this.#name = '';
      this.#data = [];
      return event;
    }
    const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') this.#name = value ?? '';
    else if (field === 'data') this.#data.push(value ?? '');
    return undefined;
  }
}
