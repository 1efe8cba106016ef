/** The log of one attempt at a Job on its way to the server: written to the journal first, then posted until acknowledged. */
import { messageOf } from '../../errors.ts';
import { masker } from '../../mask.ts';
import { Bell } from '../bell.ts';
import type { Answer, WorkerApi } from '../client.ts';
import type { Clock } from '../clock.ts';
import { ENTRY_COST, OUTPUT_LIMIT, Tail, TOO_MUCH } from '../output.ts';
import type { AttemptKey, LogAnswer, LogEntry } from '../protocol.ts';
import { Spool } from '../spool.ts';
import { BEGINNING, EntryJournal, type Position } from './journal.ts';

/** A post that has nothing to carry waits for news; this is only so that nothing waits for ever, ms. */
const LOOK_EVERY = 60_000;
/** Characters that are fetched from the journal at once. */
const FETCH = 8 << 20;

/** Whose log it is, and where it goes. */
export interface JobLogParts {
  key: AttemptKey;
  api: Pick<WorkerApi, 'log'>;
  clock: Clock;
  /** Masked in the lines of our own; output comes masked. */
  secrets: readonly string[];
  /** Shown to whoever looks on at the machine. */
  echo: (entry: LogEntry) => void;
  say: (text: string) => void;
}

export class JobLog {
  readonly #parts: JobLogParts;
  readonly #journal: EntryJournal;
  readonly #mask: (text: string) => string;
  readonly #spool = new Spool();
  readonly #tail = new Tail();
  readonly #news = new Bell();
  readonly #stop = new AbortController();
  readonly #posting: Promise<void>;
  /** The spool was full: what is after its end is in the journal only. */
  #behind = false;
  #complete = false;
  #refused = false;

  private constructor(journal: EntryJournal, parts: JobLogParts) {
    this.#journal = journal;
    this.#parts = parts;
    this.#mask = masker(parts.secrets);
    this.#posting = this.#post().catch((error: unknown) => {
      if (!this.#stop.signal.aborted) parts.say(`the rest of the log is not sent: ${messageOf(error)}`);
    });
  }

  /** @param path of the journal: a new one, or that of a worker before this one, which is gone on with */
  static async open(path: string, parts: JobLogParts): Promise<JobLog> {
    return new JobLog(await EntryJournal.open(path), parts);
  }

  /** How far output has been taken. */
  get position(): Position {
    return this.#journal.position;
  }

  /** The last lines that were added. */
  get lastLines(): string[] {
    return this.#tail.lines();
  }

  /** Whether the log ends with this line of our own. */
  endsWith(line: string): boolean {
    return this.#journal.last?.text === this.#mask(`${line}\n`);
  }

  /** Whether the server has all of it, or will not have it. */
  get posted(): boolean {
    return this.#refused || (this.#spool.empty && !this.#behind && this.#spool.end === this.#journal.end);
  }

  /** Adds a line of our own. */
  async note(line: string): Promise<void> {
    await this.add([{ stream: 'stdout', text: this.#mask(`${line}\n`) }], this.#journal.position);
  }

  /** What comes now is the output of another step. */
  async begin(step: number): Promise<void> {
    await this.#journal.append([], { ...BEGINNING, step });
  }

  /**
   * Adds output, which has been masked.
   * @param position how far it goes
   * @throws Error when it can't be written down
   */
  async add(texts: readonly Pick<LogEntry, 'stream' | 'text'>[], position: Position): Promise<void> {
    const at = this.#parts.clock.now();
    const kept: LogEntry[] = [];
    let size = this.#journal.characters + this.#journal.end * ENTRY_COST;
    const show: LogEntry[] = texts.map(({ stream, text }) => ({ at, stream, text }));
    for (const entry of show) {
      if (size >= OUTPUT_LIMIT) break;
      kept.push(entry);
      size += entry.text.length + ENTRY_COST;
      if (size >= OUTPUT_LIMIT) kept.push({ at, stream: 'stderr', text: TOO_MUCH });
    }
    const number = this.#journal.end;
    await this.#journal.append(kept, position);
    kept.forEach((entry, index) => {
      this.#offer(number + index, entry);
    });
    for (const entry of show) {
      this.#tail.add(entry);
      this.#parts.echo(entry);
    }
    this.#news.ring();
  }

  /**
   * Nothing more is added: waits until the server has all of it, or will not have it.
   * @throws the signal's reason when it is aborted before
   */
  async finish(signal: AbortSignal): Promise<void> {
    await this.#end(async () => {
      const aborted = Promise.withResolvers<never>();
      const abort = (): void => aborted.reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      try {
        signal.throwIfAborted();
        await Promise.race([this.#posting, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    });
  }

  /** The same, but for no longer than so many ms. What the server then does not have is left in the journal. */
  async finishWithin(ms: number): Promise<void> {
    await this.#end(() => Promise.race([this.#posting, this.#parts.clock.sleep(ms)]));
  }

  async #end(wait: () => Promise<void>): Promise<void> {
    this.#complete = true;
    this.#news.ring();
    try {
      await wait();
    } finally {
      this.#stop.abort();
      await this.#posting;
      await this.#journal.close();
    }
  }

  #offer(number: number, entry: LogEntry): void {
    if (this.#behind || this.#spool.full || number !== this.#spool.end) this.#behind = true;
    else this.#spool.offer(number, entry);
  }

  async #post(): Promise<void> {
    const { api, clock, key } = this.#parts;
    const { signal } = this.#stop;
    // What a worker before this one has posted, the server knows.
    if (this.#journal.end > 0) {
      this.#behind = true;
      this.#answered(await api.log({ ...key, from: 0, entries: [] }, signal));
    }
    while (!this.#refused) {
      this.#news.silence();
      const complete = this.#complete;
      if (this.#spool.empty && this.#behind) await this.#fetch();
      const batch = this.#spool.batch();
      if (batch) this.#answered(await api.log({ ...key, ...batch }, signal));
      else if (complete && !this.#behind) return;
      else await this.#news.wait(LOOK_EVERY, clock, signal);
    }
  }

  async #fetch(): Promise<void> {
    const start = this.#spool.end;
    const entries = await this.#journal.from(start, FETCH);
    entries.forEach((entry, index) => {
      this.#spool.offer(start + index, entry);
    });
    this.#behind = this.#spool.end < this.#journal.end;
  }

  #answered(answer: Answer<LogAnswer>): void {
    if (answer.kind === 'refused') this.#refused = true;
    else if (!this.#spool.acknowledge(answer.value.next)) {
      // It has more than there is: that can't be ours. Or less than it had: it was set back, and gets it again.
      if (answer.value.next > this.#journal.end) this.#refused = true;
      else this.#behind = true;
    }
  }
}
