/** Where a command reads and writes: the process's own streams, or a test's. */
import type { Readable, Writable } from 'node:stream';

/** A stream of text, perhaps a terminal. */
export type Screen = Writable & { isTTY?: boolean; columns?: number };

export interface Terminal {
  readonly stdout: Screen;
  readonly stderr: Screen;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Everything on standard input. */
  input(): Promise<Buffer>;
  /** Aborted by Ctrl-C, SIGTERM, or when nobody reads standard output any more. */
  readonly interrupted: AbortSignal;
}

/** The terminal of this process. Signals are caught only once a command asks for `interrupted`. */
export function processTerminal(): Terminal {
  let interruption: AbortController | undefined;
  const abort = (): void => interruption?.abort();
  // A reader that has seen enough (`| head -1`) is no error: what is still written goes nowhere.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      abort();
    });
  }
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    input: () => readAll(process.stdin),
    get interrupted() {
      if (!interruption) {
        interruption = new AbortController();
        process.once('SIGINT', abort).once('SIGTERM', abort);
        if (process.stdout.destroyed) abort();
      }
      return interruption.signal;
    },
  };
}

async function readAll(stream: Readable): Promise<Buffer> {
  return Buffer.concat((await stream.toArray()) as Buffer[]);
}

/** Whether to colour what goes to a stream (https://no-color.org). */
export function wantsColours({ environment }: Pick<Terminal, 'environment'>, stream: Screen): boolean {
  return stream.isTTY === true && !environment.NO_COLOR && environment.TERM !== 'dumb';
}

/** Text that others wrote, made harmless for a terminal: no escape sequences and no other control characters but tabs. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)|[\x00-\x08\x0a-\x1f\x7f-\x9f]/g, '');
}
