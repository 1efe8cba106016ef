/**
 * The entries of a Job's log, as a file in its folder: each is written here before it is posted, together with how far
 * the output has been read. A worker that was killed has posted none that is not here, so the next one numbers them alike.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { parseJson } from '../../json.ts';
import { type LogEntry, logEntry } from '../protocol.ts';

const position = z.object({
  step: z.int().min(0),
  stdout: z.int().min(0),
  stderr: z.int().min(0),
  open: z.object({ stdout: z.boolean(), stderr: z.boolean() }),
});
/**
 * How far the output of the step at hand is in the journal, in bytes; `open`: what there is ends within a line. Of a
 * container `stdout` counts the entries of both streams.
 */
export type Position = z.infer<typeof position>;

const record = z.object({ position, entries: z.array(logEntry) });

export const BEGINNING: Position = { step: 0, stdout: 0, stderr: 0, open: { stdout: false, stderr: false } };

/** Appended to by one worker at a time. */
export class EntryJournal {
  readonly #file: FileHandle;
  readonly #path: string;
  #position: Position = BEGINNING;
  #end = 0;
  #characters = 0;
  #last: LogEntry | undefined;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Opens it, or begins it. What a worker that was killed has written in part is cut off: it was not posted. */
  static async open(path: string): Promise<EntryJournal> {
    const file = await open(path, 'a+', 0o600);
    const journal = new EntryJournal(path, file);
    try {
      let whole = 0;
      for (const { bytes, position, entries } of linesOf(await file.readFile())) {
        whole += bytes;
        journal.#count(entries, position);
      }
      await file.truncate(whole);
    } catch (error) {
      await file.close();
      throw error;
    }
    return journal;
  }

  /** Number of the entry that is written next. */
  get end(): number {
    return this.#end;
  }

  /** Characters of all texts in it. */
  get characters(): number {
    return this.#characters;
  }

  get position(): Position {
    return this.#position;
  }

  get last(): LogEntry | undefined {
    return this.#last;
  }

  async append(entries: readonly LogEntry[], position: Position): Promise<void> {
    await this.#file.appendFile(`${JSON.stringify({ position, entries })}\n`);
    this.#count(entries, position);
  }

  /** Entries from this number on, as many as have so many characters, and at least one if there is one. */
  async from(number: number, characters: number): Promise<LogEntry[]> {
    const file = await open(this.#path, 'r');
    try {
      const found: LogEntry[] = [];
      let at = 0;
      let size = 0;
      for (const { entries } of linesOf(await file.readFile())) {
        for (const entry of entries) {
          if (size >= characters) return found;
          if (at >= number) {
            found.push(entry);
            size += entry.text.length;
          }
          at += 1;
        }
      }
      return found;
    } finally {
      await file.close();
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #count(entries: readonly LogEntry[], position: Position): void {
    this.#position = position;
    this.#end += entries.length;
    this.#last = entries.at(-1) ?? this.#last;
    for (const { text } of entries) this.#characters += text.length;
  }
}

/** The whole lines of a journal. */
function* linesOf(content: Buffer): Generator<z.infer<typeof record> & { bytes: number }> {
  let at = 0;
  for (let end = content.indexOf(0x0a); end !== -1; end = content.indexOf(0x0a, at)) {
    const read = record.safeParse(parseJson(content.toString('utf8', at, end))).data;
    // After a power cut there may be anything from here on.
    if (!read) return;
    yield { ...read, bytes: end + 1 - at };
    at = end + 1;
  }
}
