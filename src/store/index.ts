/** Opens the store in a data directory. */
import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../errors.ts';
import { damageInLog } from './level-log.ts';
import { Store } from './store.ts';

export { claimDataDirectory, type DataDirectory } from './data-directory.ts';
export { type EventFilter, wants } from './event-filter.ts';
export { EventLog, type StoredEvent } from './events.ts';
export { type KeepEvents, startTrimming, trimEvents } from './retention.ts';
export { type Reader, Store, type Transaction } from './store.ts';

/**
 * Opens LevelDB below a claimed data directory.
 * @throws TinsmithError STORE_CORRUPT, DATA_DIRECTORY_IN_USE, DATA_DIRECTORY_UNUSABLE
 */
export async function openStore(dataDirectory: string): Promise<Store> {
  // Imported late: the packaged executable unpacks the addon, which only the appliance needs.
  const { Level } = await import('level');
  const location = join(dataDirectory, 'db');
  const damage = unseenDamage(location);
  if (damage !== undefined) throw corrupt(dataDirectory, damage);
  const db = new Level<string, string>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'utf8',
    writeBufferSize: 16 << 20,
  });
  try {
    await db.open();
    return new Store(db, () => hasRoomToReopen(location));
  } catch (error) {
    const cause =
      error instanceof Error && error.cause ? (error.cause as { code?: string; message: string }) : undefined;
    if (cause?.code === 'LEVEL_CORRUPTION' || /corrupt|No such file/i.test(cause?.message ?? ''))
      throw corrupt(dataDirectory, cause?.message ?? '', error);
    if (cause?.code === 'LEVEL_LOCKED') {
      throw new TinsmithError('DATA_DIRECTORY_IN_USE', `${location} is in use by a process that cannot be seen here.`, {
        next: 'Stop the other Tinsmith, perhaps in another container, or name another directory with --data.',
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

function corrupt(dataDirectory: string, what: string, cause?: unknown): TinsmithError {
  return new TinsmithError('STORE_CORRUPT', `The store in ${join(dataDirectory, 'db')} is damaged: ${what}`, {
    next: `Restore the directory from a backup, or keep a copy of it and try: tinsmith repair --data ${dataDirectory}`,
    cause,
  });
}

/** Damage at which LevelDB would begin anew or leave records out, without a word. */
function unseenDamage(location: string): string | undefined {
  const files = filesOf(location);
  if (files.some((name) => /^(MANIFEST-\d+|\d+\.(ldb|log))$/.test(name)) && !files.includes('CURRENT'))
    return `${join(location, 'CURRENT')} is missing`;
  for (const log of files.filter((name) => name.endsWith('.log'))) {
    const offset = damageInLog(readFileSync(join(location, log)));
    if (offset !== undefined) return `${join(location, log)} holds a damaged record at byte ${offset}`;
  }
  return undefined;
}

/** Opening writes the logs out as tables: twice their size is ample. */
function hasRoomToReopen(location: string): boolean {
  const logs = filesOf(location).filter((name) => name.endsWith('.log'));
  const bytes = logs.reduce((sum, name) => sum + statSync(join(location, name)).size, 0);
  const { bavail, bsize } = statfsSync(location);
  return bavail * bsize > 2 * bytes + 65_536;
}

function filesOf(location: string): string[] {
  try {
    return readdirSync(location);
  } catch {
    return [];
  }
}

/**
 * Rebuilds a damaged store from what can still be read. LevelDB keeps what it had to leave out in `db/lost/`.
 * @returns how many entries there are now, and how many more held no JSON any longer.
 * @throws TinsmithError NOT_FOUND when there is no store.
 */
export async function repairStore(dataDirectory: string): Promise<{ kept: number; dropped: number }> {
  const location = join(dataDirectory, 'db');
  if (filesOf(location).length === 0) throw new TinsmithError('NOT_FOUND', `There is no store in ${dataDirectory}.`);
  const { Level } = await import('level');
  // On Node, Level is ClassicLevel; the types of `level` cover only what browsers have too.
  await (Level as unknown as { repair(location: string): Promise<void> }).repair(location);
  const db = new Level<string, string>(location);
  await db.open();
  const counts = { kept: 0, dropped: 0 };
  for await (const [key, value] of db.iterator()) {
    if (isJson(value)) counts.kept++;
    else {
      counts.dropped++;
      await db.del(key);
    }
  }
  await db.close();
  return counts;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
