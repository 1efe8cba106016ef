/** Finding a file of an ISO image by its path. Pure. */
import { type Directory, type Entry, readDirectory } from './directory.ts';
import { IsoFault, type Reading } from './reading.ts';
import type { Place, Volume } from './volume.ts';

/** Directories that were read, by position; those of one image. */
export type Directories = Map<number, Directory>;

export type Found =
  | { kind: 'file'; places: Place[]; length: number }
  /** `directory` is not served, `unusable` cannot be; `why` goes on behind "it ". */
  | { kind: 'none' | 'directory' | 'unusable'; why: string };

/** As many as Linux follows. */
const LINKS_MAX = 40;
/** Files of all directories that are remembered. */
const REMEMBERED_MAX = 100_000;

/**
 * Finds a file. Links are followed inside the image, whose root is theirs. Where names are those of Joliet or of ISO 9660
 * itself, which do not tell small letters from capitals, a name fits in either.
 * @param directories what was read before; what is read now is added
 * @throws IsoFault for an image that is damaged on the way
 */
export function* findFile(volume: Volume, path: string, directories: Directories): Reading<Found> {
  const rest = path.split('/');
  const way: Place[] = [];
  let followed: string | undefined;
  const here = (): Place => way.at(-1) ?? volume.root;
  for (let links = 0; ; ) {
    const name = rest.shift();
    if (name === undefined) return { kind: 'directory', why: 'is a directory, and directories are not listed' };
    if (name === '' || name === '.') continue;
    if (name === '..') {
      way.pop();
      continue;
    }
    const entry = named(yield* directoryAt(volume, here(), directories), name, volume.names);
    switch (entry?.kind) {
      case undefined:
        return {
          kind: 'none',
          why: followed === undefined ? 'is not in it' : `leads to ${followed}, which is not in it`,
        };
      case 'unusable':
        return entry;
      case 'link':
        if (++links > LINKS_MAX) return { kind: 'unusable', why: 'is a link that leads in circles' };
        followed = JSON.stringify(entry.target);
        if (entry.target.startsWith('/')) way.length = 0;
        rest.unshift(...entry.target.split('/'));
        break;
      case 'directory':
        if ([volume.root, ...way].some(({ position }) => position === entry.place.position))
          throw new IsoFault(`is damaged: its directory ${JSON.stringify(name)} lies in itself`);
        way.push(entry.place);
        break;
      case 'file':
        // A file has nothing below it.
        if (rest.some((part) => part !== '' && part !== '.')) return { kind: 'none', why: 'is not in it' };
        return fileOf(volume, name, entry.places);
    }
  }
}

function fileOf({ fileSize }: Volume, name: string, places: readonly Place[]): Found {
  const joined: Place[] = [];
  let length = 0;
  for (const place of places) {
    if (place.length > 0 && place.position + place.length > fileSize)
      throw new IsoFault(`is cut short: ${JSON.stringify(name)} ends at byte ${place.position + place.length} of it`);
    const last = joined.at(-1);
    if (last && last.position + last.length === place.position) last.length += place.length;
    else joined.push({ ...place });
    length += place.length;
  }
  return { kind: 'file', places: joined, length };
}

function* directoryAt(volume: Volume, place: Place, directories: Directories): Reading<Directory> {
  const known = directories.get(place.position);
  if (known) return known;
  const read = yield* readDirectory(volume, place);
  let remembered = read.size;
  for (const { size } of directories.values()) remembered += size;
  if (remembered > REMEMBERED_MAX) directories.clear();
  directories.set(place.position, read);
  return read;
}

function named(directory: Directory, name: string, names: Volume['names']): Entry | undefined {
  const exact = directory.get(name);
  if (exact || names === 'rock-ridge') return exact;
  const wanted = name.toLowerCase();
  for (const [each, entry] of directory) if (each.toLowerCase() === wanted) return entry;
  return undefined;
}
