/** Files on their way to the appliance: what is sent is counted, shown on a terminal, and compared with what came there. */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats, statSync } from 'node:fs';
import { type Readable, Transform } from 'node:stream';
import { TinsmithError } from '../errors.ts';
import { usage } from './command.ts';
import { unreadable } from './files.ts';
import type { Terminal } from './terminal.ts';

/** @throws TinsmithError NOT_FOUND, USAGE for what is no file */
export function fileToSend(file: string, next: string): Stats {
  let stats: Stats;
  try {
    stats = statSync(file);
  } catch (cause) {
    throw unreadable(file, cause);
  }
  if (!stats.isFile()) throw usage(`${file} is not a file.`, next);
  return stats;
}

/** A file being sent. */
export interface Sending {
  content: Readable;
  /** What was sent, once all of it was. */
  sha256(): string;
  /** To be called at the end, whatever it is. */
  end(): void;
}

/** Reads a file of `size` bytes to be sent; how far it is is shown on a terminal. */
export async function sendingOf(file: string, size: number, terminal: Terminal): Promise<Sending> {
  const bar = await progressBar(terminal, size);
  const hash = createHash('sha256');
  const counter = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk);
      bar?.increment(chunk.length);
      done(null, chunk);
    },
  });
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  source.on('error', (cause) => counter.destroy(unreadable(file, cause)));
  return {
    content: source.pipe(counter),
    sha256: () => hash.digest('hex'),
    end() {
      source.destroy();
      bar?.stop();
    },
  };
}

/** @throws TinsmithError UNAVAILABLE where the appliance has something else than was sent */
export function sameContent(file: string, sent: string, stored: string | undefined): void {
  if (stored === undefined || stored === sent) return;
  throw new TinsmithError(
    'UNAVAILABLE',
    `The appliance has stored ${stored} of ${file}, and what was sent is ${sent}.`,
    {
      next: 'Something on the way has changed it: send it again.',
    },
  );
}

async function progressBar(terminal: Terminal, size: number) {
  if (!terminal.stderr.isTTY) return undefined;
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '  uploading {bar} {percentage} %  ETA {eta} s',
    stream: terminal.stderr,
    clearOnComplete: true,
    gracefulExit: false,
    hideCursor: false,
  });
  bar.start(size, 0);
  return bar;
}
