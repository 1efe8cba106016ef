/**
 * Keeps the trace on the disk, lazily: what is noted is written in groups a second later, and not synced, so that no answer
 * waits for it. A crash may lose the last second; what is decided about machines is never read from here.
 */
import type { Trace, TraceEntry } from '../trace.ts';

/** Where the trace is kept. */
export interface TraceDisk {
  /** All entries, sorted by key. */
  read(): Promise<[key: string, json: string][]>;
  /** @throws where the disk is full, or gone */
  write(changes: { deletes: string[]; puts: [key: string, json: string][] }): Promise<void>;
  close(): Promise<void>;
}

/** From the first entry that is not written until it is, ms. */
const LATER_MS = 1_000;
/** Entries about strangers that are written in one go; of a flood of them the rest is in memory only. */
const STRANGERS_WRITTEN = 200;
/** Entries made to JSON in one turn of the event loop: about a millisecond. */
const AT_ONCE = 256;

/**
 * Takes up what is on the disk, and writes there what is noted from then on.
 * @param failed told of a write that failed; what it was about is in memory only then
 * @returns writes what is left and closes the disk
 */
export async function keepTrace(
  trace: Trace,
  disk: TraceDisk,
  failed: (error: unknown) => void,
): Promise<{ stop(): Promise<void> }> {
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;
  const write = async (): Promise<void> => {
    const strangers = { left: STRANGERS_WRITTEN };
    while (trace.hasChanges) {
      try {
        await disk.write(trace.changes(AT_ONCE, strangers));
      } catch (error) {
        failed(error);
      }
      // Packets go first.
      await new Promise(setImmediate);
    }
  };
  const later = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      if (writing) return later();
      writing = write().finally(() => {
        writing = undefined;
      });
    }, LATER_MS).unref();
  };
  trace.restore(entriesOf(await disk.read()), later);
  return {
    async stop() {
      clearTimeout(timer);
      await writing;
      await write();
      await disk.close();
    },
  };
}

function entriesOf(stored: [string, string][]): [string, TraceEntry, number][] {
  return stored.flatMap(([key, json]): [string, TraceEntry, number][] => {
    try {
      return [[key, JSON.parse(json) as TraceEntry, json.length]];
    } catch {
      // Half a record after a power cut tells nothing.
      return [];
    }
  });
}
