/**
 * Cuts the bytes of one stream of a script into texts for entries: lines, and pieces of lines that are not ended. It
 * counts how many bytes are in what it has given, so that another worker can go on exactly there. Pure.
 */
import { masker, safeCut } from '../../mask.ts';
import { readProgress } from '../output.ts';
import type { Progress } from '../protocol.ts';

/** Longest text of one entry, in characters. */
const TEXT_LIMIT = 16_000;
const NEWLINE = 0x0a;

/** How much of what is held is given: whole lines; also the beginning of a line; or all, as nothing more comes. */
export type CutTo = 'lines' | 'fragments' | 'all';

export type Piece = { kind: 'text'; text: string } | { kind: 'progress'; progress: Progress };

export class OutputCutter {
  readonly #mask: (text: string) => string;
  readonly #safeCut: (text: string) => number;
  #held: Buffer = Buffer.alloc(0);
  #consumed = 0;
  #open: boolean;

  /**
   * @param secrets are masked, also where they go over from one piece to the next
   * @param open whether what was given before ended within a line
   */
  constructor(secrets: readonly string[], open = false) {
    this.#mask = masker(secrets);
    this.#safeCut = safeCut(secrets);
    this.#open = open;
  }

  /** Bytes that are in what was given. */
  get consumed(): number {
    return this.#consumed;
  }

  /** Bytes that are held. */
  get held(): number {
    return this.#held.length;
  }

  /** Whether what was given ended within a line. */
  get open(): boolean {
    return this.#open;
  }

  push(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
  }

  cut(to: CutTo): Piece[] {
    const pieces: Piece[] = [];
    let at = 0;
    for (let end = this.#held.indexOf(NEWLINE); end !== -1; end = this.#held.indexOf(NEWLINE, at)) {
      const line = this.#held.toString('utf8', at, end + 1);
      at = end + 1;
      const progress = this.#open ? undefined : readProgress(line);
      this.#open = false;
      if (progress) pieces.push({ kind: 'progress', progress });
      else pieces.push(...this.#texts(line));
    }
    const rest = this.#held.subarray(at);
    const length = this.#restTo(rest, to);
    if (length > 0) {
      pieces.push(...this.#texts(rest.toString('utf8', 0, length)));
      this.#open = true;
    }
    this.#held = rest.subarray(length);
    this.#consumed += at + length;
    return pieces;
  }

  /** How many bytes of a line that is not ended are given. */
  #restTo(rest: Buffer, to: CutTo): number {
    if (to === 'all') return rest.length;
    if (to === 'lines' && rest.length < TEXT_LIMIT) return 0;
    const whole = wholeCharacters(rest);
    return bytesOf(rest.subarray(0, whole), this.#safeCut(rest.toString('utf8', 0, whole)));
  }

  #texts(text: string): Piece[] {
    const masked = this.#mask(text);
    const pieces: Piece[] = [];
    for (let start = 0; start < masked.length; start += TEXT_LIMIT)
      pieces.push({ kind: 'text', text: masked.slice(start, start + TEXT_LIMIT) });
    return pieces;
  }
}

/** Length without the beginning of a character at the end, whose other bytes are still to come (RFC 3629, section 3). */
function wholeCharacters(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** The greatest number of bytes that read as no more than so many characters; also where they are no UTF-8. */
function bytesOf(bytes: Buffer, characters: number): number {
  let low = 0;
  for (let high = bytes.length; low < high; ) {
    const middle = Math.ceil((low + high) / 2);
    if (bytes.toString('utf8', 0, middle).length <= characters) low = middle;
    else high = middle - 1;
  }
  // A cut between the halves of a pair would be one within a character.
  return wholeCharacters(bytes.subarray(0, low));
}
