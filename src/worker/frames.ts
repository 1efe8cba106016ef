/**
 * The engine's multiplexed stream (Docker Engine API, "Stream format" of container attach): frames of 8 bytes header,
 * `[stream, 0, 0, 0, length u32 big-endian]`, and payload. Pure.
 */
import type { LogFrame } from './output.ts';

const HEADER = 8;
/** The engine's frames hold a message of at most 16 KiB and its time; more than this is not such a stream. */
const LIMIT = 1 << 20;

/** Cuts a byte stream into frames, wherever its chunks begin and end. */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);

  /** The frames completed by this chunk. @throws RangeError when the stream is not multiplexed */
  push(chunk: Buffer): LogFrame[] {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const frames: LogFrame[] = [];
    let at = 0;
    while (this.#held.length - at >= HEADER) {
      const length = this.#held.readUInt32BE(at + 4);
      if (length > LIMIT)
        throw new RangeError(`the engine announced a frame of ${length} bytes: this is no multiplexed output`);
      if (this.#held.length - at < HEADER + length) break;
      frames.push({
        stream: this.#held[at] === 2 ? 'stderr' : 'stdout',
        payload: this.#held.subarray(at + HEADER, at + HEADER + length),
      });
      at += HEADER + length;
    }
    this.#held = this.#held.subarray(at);
    return frames;
  }
}
