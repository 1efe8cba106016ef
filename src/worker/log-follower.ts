/** Carries a container's output to the server: read from the engine, numbered, posted until acknowledged. */
import type { Answer } from './client.ts';
import type { Clock } from './clock.ts';
import { type ContainerEngine, EngineError } from './container-engine.ts';
import { type LogFrame, type Output, OutputReader, Tail } from './output.ts';
import type { LogAnswer, LogEntry, Progress } from './protocol.ts';
import { Spool } from './spool.ts';

/** Output is posted at least this often, ms. */
const POST_EVERY = 500;
/** Pause before output is read again from its beginning, ms. */
const READ_AGAIN = 1_000;
/** Messages that are remembered, to know them again among the engine's last. */
const RECENT = 4;
/** How long the output of a container that has ended may keep us waiting without a word, ms. */
const LAST_WORDS = 10_000;

/** Whose output it is, and where it goes. */
export interface LogParts {
  container: string;
  engine: Pick<ContainerEngine, 'logs' | 'lastLogs' | 'inspect'>;
  /** Posts entries from number `from` on, until the server has answered. */
  post: (batch: { from: number; entries: LogEntry[] }, signal: AbortSignal) => Promise<Answer<LogAnswer>>;
  clock: Clock;
  /** Output that no worker has shown yet. */
  echo: (entry: LogEntry) => void;
  progress: (progress: Progress) => void;
  /** Masked in all of it. */
  secrets?: readonly string[];
  spool?: Spool;
  signal: AbortSignal;
}

/** What is done with it: `ended` resolves when the engine has given all of it; `finish` when the server has it too. */
export class LogFollower {
  readonly #parts: LogParts;
  readonly #spool: Spool;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  #pass = new AbortController();
  #tail = new Tail();
  /** The last messages that were read. */
  #recent: LogFrame[] = [];
  /** Number of the next entry that is read. */
  #number = 0;
  #readAll = false;
  #refused = false;
  #heardAt: number;
  readonly #reading: Promise<void>;
  readonly #posting: Promise<void>;

  constructor(parts: LogParts, adopted: boolean) {
    this.#parts = parts;
    this.#spool = parts.spool ?? new Spool();
    this.#signal = AbortSignal.any([parts.signal, this.#stop.signal]);
    this.#heardAt = parts.clock.uptime();
    const known = adopted ? this.#learnNext() : Promise.resolve();
    this.#reading = known
      .then(() => this.#read())
      .finally(() => {
        this.#readAll = true;
      });
    this.#posting = known.then(() => this.#post());
    // Whoever waits for them hears of it; nobody may.
    this.#reading.catch(() => {});
    this.#posting.catch(() => {});
  }

  /** Resolves when the container has ended and its output has been read. */
  get ended(): Promise<void> {
    return this.#reading;
  }

  /** The last lines that were read so far. */
  get lastLines(): string[] {
    return this.#tail.lines();
  }

  /**
   * Call once the container has ended: waits until the server has all of the output, or will not have it.
   * @returns its last lines
   */
  async finish(): Promise<string[]> {
    const { clock } = this.#parts;
    this.#heardAt = clock.uptime();
    while (!this.#readAll) {
      await Promise.race([this.#reading, clock.sleep(POST_EVERY, this.#signal)]);
      if (this.#spool.full) this.#heardAt = clock.uptime();
      else if (clock.uptime() - this.#heardAt > LAST_WORDS) this.#readAll = true;
    }
    await this.#posting;
    this.end();
    return this.lastLines;
  }

  /** Stops reading and posting. */
  end(): void {
    this.#stop.abort();
  }

  /** An empty post tells which entry the server expects next: a worker before this one has posted the others. */
  async #learnNext(): Promise<void> {
    this.#answered(await this.#parts.post({ from: 0, entries: [] }, this.#signal));
  }

  async #read(): Promise<void> {
    const { engine, clock, container } = this.#parts;
    for (;;) {
      try {
        const reader = await this.#readPass();
        if (!(await engine.inspect(container)).running && (await this.#readEnd(reader))) {
          await this.#take(reader.rest(), this.#signal);
          return;
        }
      } catch (error) {
        if (!(error instanceof EngineError)) {
          this.#signal.throwIfAborted();
          if (!this.#pass.signal.aborted) throw error;
        }
      }
      await clock.sleep(READ_AGAIN, this.#signal);
    }
  }

  /**
   * Reads what the engine did not tell while it was followed: at a container's end it may leave out a last line without a
   * newline, though it has recorded it.
   * @returns false: more than that is missing
   */
  async #readEnd(reader: OutputReader): Promise<boolean> {
    const recorded = await this.#parts.engine.lastLogs(this.#parts.container);
    const last = recorded.findLastIndex((frame) => this.#recent.some((seen) => sameFrame(seen, frame)));
    if (last === -1 && this.#recent.length > 0 && recorded.length > 0) return false;
    for (const frame of recorded.slice(last + 1)) await this.#take(reader.read(frame), this.#signal);
    return true;
  }

  async #readPass(): Promise<OutputReader> {
    const { engine, clock, container, secrets } = this.#parts;
    this.#pass = new AbortController();
    const signal = AbortSignal.any([this.#signal, this.#pass.signal]);
    const reader = new OutputReader(secrets);
    this.#tail = new Tail();
    this.#number = 0;
    this.#recent = [];
    for await (const frame of engine.logs(container, signal)) {
      this.#heardAt = clock.uptime();
      signal.throwIfAborted();
      const outputs = reader.read(frame);
      if (this.#recent.push(frame) > RECENT) this.#recent.shift();
      // Without waiting where there is room: there may be many thousands a second.
      if (this.#spool.full) await this.#take(outputs, signal);
      else this.#offer(outputs);
    }
    signal.throwIfAborted();
    return reader;
  }

  /** Takes outputs, waiting while the spool is full. */
  async #take(outputs: readonly Output[], signal: AbortSignal): Promise<void> {
    while (this.#spool.full && !this.#refused) await this.#parts.clock.sleep(POST_EVERY / 2, signal);
    signal.throwIfAborted();
    this.#offer(outputs);
  }

  #offer(outputs: readonly Output[]): void {
    const { echo, progress } = this.#parts;
    for (const output of outputs) {
      if (output.kind === 'progress') {
        progress(output.progress);
        continue;
      }
      this.#tail.add(output.entry);
      if (output.kind === 'unsent') continue;
      if (this.#refused || this.#spool.offer(this.#number, output.entry)) echo(output.entry);
      this.#number += 1;
    }
  }

  async #post(): Promise<void> {
    const { post, clock } = this.#parts;
    while (!this.#refused) {
      const wasAll = this.#readAll;
      const batch = this.#spool.batch();
      if (batch) this.#answered(await post(batch, this.#signal));
      else if (wasAll) return;
      if (!this.#spool.batchFull && !this.#readAll)
        await Promise.race([clock.sleep(POST_EVERY, this.#signal), this.#reading.catch(() => {})]);
    }
  }

  #answered(answer: Answer<LogAnswer>): void {
    if (answer.kind === 'refused') this.#refused = true;
    else if (!this.#spool.acknowledge(answer.value.next)) this.#pass.abort();
  }
}

/** The payload has its time in nanoseconds. */
function sameFrame(a: LogFrame, b: LogFrame): boolean {
  return a.stream === b.stream && a.payload.equals(b.payload);
}
