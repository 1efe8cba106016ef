/**
 * Zstandard files are a sequence of frames (RFC 8878, 3.1). Node's decompressor stops after the first one without an
 * error, so a file of several frames (pzstd, concatenated files, zstd:chunked) would be cut short silently. Here the
 * frames are found by walking their block headers, and each gets a decompressor of its own.
 */
import { pipeline, Readable } from 'node:stream';
import { constants, createZstdDecompress } from 'node:zlib';

const MAGIC = 0xfd2fb528;
/** The low nibble of a skippable frame's magic number is free (RFC 8878, 3.1.2). */
const SKIPPABLE = 0x184d2a50;
const DICTIONARY_BYTES = [0, 1, 2, 4];
/** Windows up to 2 GiB, as `zstd --long=31` makes them; the window is only allocated when a frame asks for it. */
const WINDOW_LOG_MAX = 31;
/** Pieces that go into and come out of a decompressor. */
const INPUT_BYTES = 256 * 1024;
const OUTPUT_BYTES = 1024 * 1024;

/** Bytes of a stream, taken in whatever amounts the reader asks for. */
class Bytes {
  readonly #input: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(input: AsyncIterable<Buffer>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** The next bytes, `most` at most; undefined at the end of the stream. */
  async some(most: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#input.next();
      if (next.done === true) return undefined;
      this.#rest = next.value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }

  /** Exactly `length` bytes; undefined at the end of the stream. Throws when the stream ends within them. */
  async exactly(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      const part = await this.some(missing);
      if (part === undefined) {
        if (parts.length === 0) return undefined;
        throw new Error('unexpected end of the Zstandard stream');
      }
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }
}

async function present(bytes: Promise<Buffer | undefined>): Promise<Buffer> {
  const found = await bytes;
  if (found === undefined) throw new Error('unexpected end of the Zstandard stream');
  return found;
}

async function* pass(input: Bytes, length: number): AsyncGenerator<Buffer> {
  for (let missing = length; missing > 0; ) {
    const part = await present(input.some(missing));
    missing -= part.length;
    yield part;
  }
}

/** The bytes of one frame, whose magic number has been read (RFC 8878, 3.1.1). */
async function* frame(input: Bytes, magic: Buffer): AsyncGenerator<Buffer> {
  yield magic;
  const head = await present(input.exactly(1));
  yield head;
  const descriptor = head.readUInt8();
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag;
  yield* pass(input, (singleSegment ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + sizeBytes);
  for (let last = false; !last; ) {
    const blockHeader = await present(input.exactly(3));
    yield blockHeader;
    const block = blockHeader.readUIntLE(0, 3);
    last = (block & 1) === 1;
    const runLength = ((block >> 1) & 3) === 1; // one byte stands for the whole block
    yield* pass(input, runLength ? 1 : block >> 3);
  }
  if ((descriptor & 4) !== 0) yield* pass(input, 4);
}

/** The same bytes in larger pieces: each write to a decompressor is a trip to another thread. */
async function* gathered(pieces: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const piece of pieces) {
    parts.push(piece);
    length += piece.length;
    if (length < bytes) continue;
    yield Buffer.concat(parts, length);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts, length);
}

/** Everything that the frames of a Zstandard stream hold. Throws on a damaged or truncated stream. */
export async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = new Bytes(source);
  for (;;) {
    const magic = await input.exactly(4);
    if (magic === undefined) return;
    const number = magic.readUInt32LE();
    if ((number & 0xfffffff0) >>> 0 === SKIPPABLE) {
      const length = (await present(input.exactly(4))).readUInt32LE();
      for await (const _ of pass(input, length));
    } else if (number === MAGIC) {
      const decompressor = createZstdDecompress({
        chunkSize: OUTPUT_BYTES,
        params: { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG_MAX },
      });
      // The reader sees every error, as the decompressor is destroyed with it.
      pipeline(
        Readable.from(gathered(frame(input, magic), INPUT_BYTES), { objectMode: false }),
        decompressor,
        () => {},
      );
      yield* decompressor;
    } else {
      throw new Error('the data after a Zstandard frame is none');
    }
  }
}
