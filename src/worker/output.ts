/** From the engine's record of a container's output to numbered entries, progress, and the tail for the report. Pure. */
import { masker, safeCut } from '../mask.ts';
import { type LogEntry, type Progress, progress } from './protocol.ts';

/** One message as the engine recorded it: a line, or up to 16 KiB of one. */
export interface LogFrame {
  stream: 'stdout' | 'stderr';
  /** The engine's time in RFC 3339, a space, and the text (`timestamps: true`). */
  payload: Buffer;
}

export type Output =
  | { kind: 'entry'; entry: LogEntry }
  /** Beyond the limit: for the tail of the report, and for whoever looks on. */
  | { kind: 'unsent'; entry: LogEntry }
  | { kind: 'progress'; progress: Progress };

/** Longest text of one entry, in characters; the engine's own messages are not longer. */
const ENTRY_LIMIT = 16_000;

/** Text of one attempt that is sent, in characters: more than the server keeps, so that its mark is the one that is seen. */
export const OUTPUT_LIMIT = 32 << 20;
/** What an entry counts for beside its text, so that the engine still has all of it when it has to be read again. */
export const ENTRY_COST = 32;

/** The last entry that is sent where there is more. */
export const TOO_MUCH = '[tinsmith: this was too much output; the worker sends no more of it]\n';

/**
 * Reads the frames of one container from the first on. The same frames always give the same entries, however the bytes
 * came in: that is what makes the numbering hold when it is read again.
 */
export class OutputReader {
  /** Whether the next text of each stream begins a line. */
  readonly #lineStart = { stdout: true, stderr: true };
  /** Ends of fragments in which a secret may begin. */
  readonly #held = { stdout: '', stderr: '' };
  readonly #mask: (text: string) => string;
  readonly #safeCut: (text: string) => number;
  readonly #limit: number;
  #size = 0;
  #at = 0;

  /** @param secrets are masked, also where they go over from one fragment of a line to the next */
  constructor(secrets: readonly string[] = [], limit = OUTPUT_LIMIT) {
    this.#mask = masker(secrets);
    this.#safeCut = safeCut(secrets);
    this.#limit = limit;
  }

  read({ stream, payload }: LogFrame): Output[] {
    const space = payload.indexOf(0x20);
    const at = Date.parse(payload.toString('latin1', 0, Math.max(0, space)));
    const text = Number.isNaN(at) ? payload.toString() : payload.toString('utf8', space + 1);
    const told = this.#lineStart[stream] ? readProgress(text) : undefined;
    if (told) return [{ kind: 'progress', progress: told }];
    const ended = text.endsWith('\n');
    this.#lineStart[stream] = ended;
    if (!Number.isNaN(at)) this.#at = at;
    const whole = this.#held[stream] + text;
    const cut = ended ? whole.length : this.#safeCut(whole);
    this.#held[stream] = whole.slice(cut);
    return this.#entries(stream, whole.slice(0, cut));
  }

  /** Call when the container has ended: what was held back because more might have come. */
  rest(): Output[] {
    const outputs = (['stdout', 'stderr'] as const).flatMap((stream) => this.#entries(stream, this.#held[stream]));
    this.#held.stdout = '';
    this.#held.stderr = '';
    return outputs;
  }

  #entries(stream: LogEntry['stream'], unmasked: string): Output[] {
    const text = this.#mask(unmasked);
    const outputs: Output[] = [];
    for (let start = 0; start < text.length; start += ENTRY_LIMIT) {
      const entry: LogEntry = { at: this.#at, stream, text: text.slice(start, start + ENTRY_LIMIT) };
      const within = this.#size < this.#limit;
      this.#size += entry.text.length + ENTRY_COST;
      outputs.push({ kind: within ? 'entry' : 'unsent', entry });
      if (within && this.#size >= this.#limit) outputs.push({ kind: 'entry', entry: this.#mark() });
    }
    return outputs;
  }

  #mark(): LogEntry {
    return { at: this.#at, stream: 'stderr', text: TOO_MUCH };
  }
}

/** `progress {"written":…}`, the line by which the built-in actions say how far they are. */
export function readProgress(text: string): Progress | undefined {
  if (!text.startsWith('progress {') || !text.endsWith('\n')) return undefined;
  try {
    return progress.safeParse(JSON.parse(text.slice('progress '.length))).data;
  } catch {
    return undefined;
  }
}

/** Puts fragments together to lines, each stream for itself. */
export class Lines {
  readonly #open = { stdout: '', stderr: '' };

  /** The lines that this entry ends. */
  add({ stream, text }: LogEntry): string[] {
    const parts = (this.#open[stream] + text).split('\n');
    this.#open[stream] = (parts.pop() ?? '').slice(0, ENTRY_LIMIT);
    return parts.map(readable);
  }

  /** What has not been ended by a newline. */
  rest(): string[] {
    return [this.#open.stdout, this.#open.stderr].filter((text) => text !== '').map(readable);
  }
}

const TAIL_LINES = 20;
const TAIL_LINE_LENGTH = 1000;

/** The last lines of an output. */
export class Tail {
  readonly #lines = new Lines();
  /** Somewhat more than are wanted, so that it is cut seldom. */
  #last: string[] = [];

  add(entry: LogEntry): void {
    this.#last.push(...this.#lines.add(entry));
    if (this.#last.length > 2 * TAIL_LINES) this.#last = this.#last.slice(-TAIL_LINES);
  }

  lines(): string[] {
    return [...this.#last, ...this.#lines.rest()].slice(-TAIL_LINES).map((line) => line.slice(0, TAIL_LINE_LENGTH));
  }
}

/** A line as a terminal would leave it: what a carriage return wrote over is gone, and so are control sequences. */
function readable(line: string): string {
  const shown = line.replace(/\r+$/, '').split('\r').at(-1) ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  return shown.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}
