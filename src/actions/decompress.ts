/** Decompression of images: in this process where Node can, else by a program of the tools layer. */
import { spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Compression, decompress } from '../compression/index.ts';
import { messageOf } from '../errors.ts';
import { ActionFailure } from './action.ts';

/** Pipes a stream through `program -dc`. Throws the source's error, or an ActionFailure with the program's complaint. */
async function* throughProgram(program: string, source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const child = spawn(program, ['-dc'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (bytes: Buffer) => {
    complaint = (complaint + bytes.toString()).slice(-1000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(new ActionFailure(`${program} cannot be run: ${error.message}`, 1, error)));
    child.once('close', resolve);
  });
  ended.catch(() => undefined);
  let broken: unknown;
  const input = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error) {
      broken = error;
      throw error;
    }
  };
  // A program that ends early closes its input; its exit code and complaint say more than the broken pipe does.
  const feeding = pipeline(Readable.from(input(), { objectMode: false }), child.stdin).catch(() => undefined);
  try {
    yield* child.stdout;
    const code = await ended;
    await feeding;
    if (broken !== undefined) throw broken;
    if (code !== 0) throw new ActionFailure(complaint.trim() || `${program} ended with ${code}`);
  } finally {
    child.kill('SIGKILL');
  }
}

/** What the compressed image holds. Throws an ActionFailure when it is damaged, and whatever the source throws. */
export async function* decompressed(source: AsyncIterable<Buffer>, compression: Compression): AsyncGenerator<Buffer> {
  let broken: unknown;
  const watched = async function* (): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error) {
      broken = error;
      throw error;
    }
  };
  try {
    if (compression === 'xz' || compression === 'bzip2') yield* throughProgram(compression, watched());
    else yield* decompress(watched(), compression);
  } catch (error) {
    if (broken !== undefined) throw broken;
    throw new ActionFailure(`the image is damaged (${compression}: ${messageOf(error)})`, 1, error);
  }
}
