/** Where the trace of boots is kept: a LevelDB of its own, which is never synced and may be thrown away. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

/** Folder below the data directory. */
const FOLDER = 'trace';

export interface TraceFiles {
  read(): Promise<[key: string, json: string][]>;
  write(changes: { deletes: string[]; puts: [key: string, json: string][] }): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens it. What cannot be opened any more is deleted and begun anew: it is evidence, and no state.
 * @param lost told why, where that was so
 * @throws where it cannot be made either
 */
export async function openTraceFiles(dataDirectory: string, lost: (cause: unknown) => void): Promise<TraceFiles> {
  const { Level } = await import('level');
  const location = join(dataDirectory, FOLDER);
  const options = { keyEncoding: 'utf8', valueEncoding: 'utf8', writeBufferSize: 1 << 20 } as const;
  let db = new Level<string, string>(location, options);
  try {
    await db.open();
  } catch (cause) {
    lost(cause);
    rmSync(location, { recursive: true, force: true });
    db = new Level<string, string>(location, options);
    await db.open();
  }
  return {
    read: () => db.iterator().all(),
    write: ({ deletes, puts }) =>
      db.batch(
        [
          ...deletes.map((key) => ({ type: 'del', key }) as const),
          ...puts.map(([key, value]) => ({ type: 'put', key, value }) as const),
        ],
        { sync: false },
      ),
    close: () => db.close(),
  };
}
