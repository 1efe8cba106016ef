/** Opens the store in a data directory. */
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../errors.ts';
import { Store } from './store.ts';

export { claimDataDirectory, type DataDirectory } from './data-directory.ts';
export { EventLog, type StoredEvent } from './events.ts';
export { Store, type Transaction } from './store.ts';

/**
 * Opens LevelDB below a claimed data directory.
 * @throws TinsmithError STORE_CORRUPT, DATA_DIRECTORY_UNUSABLE
 */
export async function openStore(dataDirectory: string): Promise<Store> {
  // Imported late: the packaged executable unpacks the addon, which only the appliance needs.
  const { Level } = await import('level');
  const location = join(dataDirectory, 'db');
  const db = new Level<string, string>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'utf8',
    writeBufferSize: 16 << 20,
  });
  try {
    await db.open();
    return new Store(db);
  } catch (error) {
    const cause =
      error instanceof Error && error.cause ? (error.cause as { code?: string; message: string }) : undefined;
    if (cause?.code === 'LEVEL_CORRUPTION' || /corrupt/i.test(cause?.message ?? '')) {
      throw new TinsmithError('STORE_CORRUPT', `The store in ${location} is damaged: ${cause?.message}`, {
        next: `Restore the directory from a backup, or try: tinsmith repair --data ${dataDirectory}`,
        cause: error,
      });
    }
    throw new TinsmithError(
      'DATA_DIRECTORY_UNUSABLE',
      `The store in ${location} cannot be opened: ${cause?.message ?? messageOf(error)}`,
      {
        next: 'Make the data directory writable, free space on its disk, or name another one with --data.',
        cause: error,
      },
    );
  }
}

/** Rebuilds a damaged store from what can still be read. LevelDB keeps what it had to leave out in `db/lost/`. */
export async function repairStore(dataDirectory: string): Promise<void> {
  const { Level } = await import('level');
  // On Node, Level is ClassicLevel; the types of `level` cover only what browsers have too.
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(join(dataDirectory, 'db'));
}
