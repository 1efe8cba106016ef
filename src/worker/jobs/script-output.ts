/** Reads what a script has written to the files of its two streams, and adds it to the log. */
import { type FileHandle, open } from 'node:fs/promises';
import type { LogEntry, Progress } from '../protocol.ts';
import type { JobLog } from './job-log.ts';
import { type CutTo, OutputCutter } from './output-cutter.ts';

const STREAMS = ['stdout', 'stderr'] as const;
type Stream = (typeof STREAMS)[number];
/** Bytes that are read at once. */
const CHUNK = 128 << 10;
/** Reads of one turn: the script may write without end, and there are other things to look at. */
const ROUNDS = 32;
/** Bytes that a script may write: its files lie in the memory that the machine needs. */
const FILE_LIMIT = 256 << 20;

interface Followed {
  stream: Stream;
  file: FileHandle;
  cutter: OutputCutter;
  /** Bytes that the log had when this began. */
  start: number;
}

export class ScriptOutput {
  readonly #step: number;
  readonly #followed: readonly Followed[];
  readonly #log: JobLog;
  readonly #told: (progress: Progress) => void;

  private constructor(step: number, followed: readonly Followed[], log: JobLog, told: (progress: Progress) => void) {
    this.#step = step;
    this.#followed = followed;
    this.#log = log;
    this.#told = told;
  }

  /**
   * Goes on where the log has got to.
   * @param paths the files, which are there
   */
  static async open(
    { step, paths }: { step: number; paths: Record<Stream, string> },
    { log, secrets, told }: { log: JobLog; secrets: readonly string[]; told: (progress: Progress) => void },
  ): Promise<ScriptOutput> {
    if (log.position.step !== step) await log.begin(step);
    const { position } = log;
    const followed: Followed[] = [];
    try {
      for (const stream of STREAMS)
        followed.push({
          stream,
          file: await open(paths[stream], 'r'),
          cutter: new OutputCutter(secrets, position.open[stream]),
          start: position[stream],
        });
    } catch (error) {
      await Promise.all(followed.map(({ file }) => file.close()));
      throw error;
    }
    return new ScriptOutput(step, followed, log, told);
  }

  /** Whether it is more than there is room for. */
  async tooMuch(): Promise<boolean> {
    return (await this.#sizes()).reduce((sum, size) => sum + size, 0) > FILE_LIMIT;
  }

  /** Adds what has been written since the last time. */
  async take(): Promise<void> {
    let any = false;
    for (let round = 0; round < ROUNDS && (await this.#read(Number.POSITIVE_INFINITY)); round += 1) {
      any = true;
      await this.#add('lines');
    }
    // A line that stands still is shown as far as it is: a question, or a row of dots.
    if (!any && this.#followed.some(({ cutter }) => cutter.held > 0)) await this.#add('fragments');
  }

  /** Adds all that there is, once the script has ended. A line that was not ended is. */
  async takeRest(): Promise<void> {
    // What the script has left running may write on without end.
    const end = Math.max(...(await this.#sizes()));
    while (await this.#read(end)) await this.#add('lines');
    await this.#add('all');
    const open = this.#followed.filter(({ cutter }) => cutter.open).map(({ stream }) => ({ stream, text: '\n' }));
    if (open.length > 0) await this.#log.add(open, { ...this.#log.position, open: { stdout: false, stderr: false } });
  }

  async close(): Promise<void> {
    await Promise.all(this.#followed.map(({ file }) => file.close()));
  }

  #sizes(): Promise<number[]> {
    return Promise.all(this.#followed.map(async ({ file }) => (await file.stat()).size));
  }

  /** @returns whether there was something, before that position in its file */
  async #read(end: number): Promise<boolean> {
    let any = false;
    for (const { file, cutter, start } of this.#followed) {
      const at = start + cutter.consumed + cutter.held;
      const length = Math.min(CHUNK, end - at);
      if (length <= 0) continue;
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, at);
      if (bytesRead === 0) continue;
      cutter.push(buffer.subarray(0, bytesRead));
      any = true;
    }
    return any;
  }

  async #add(to: CutTo): Promise<void> {
    const texts: Pick<LogEntry, 'stream' | 'text'>[] = [];
    for (const { stream, cutter } of this.#followed) {
      for (const piece of cutter.cut(to)) {
        if (piece.kind === 'progress') this.#told(piece.progress);
        else texts.push({ stream, text: piece.text });
      }
    }
    if (texts.length === 0) return;
    const [out, err] = this.#followed;
    if (!out || !err) return;
    await this.#log.add(texts, {
      step: this.#step,
      stdout: out.start + out.cutter.consumed,
      stderr: err.start + err.cutter.consumed,
      open: { stdout: out.cutter.open, stderr: err.cutter.open },
    });
  }
}
