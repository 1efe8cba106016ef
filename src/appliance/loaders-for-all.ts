/** What is set of boot loaders for all machines. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LoaderChoice } from '../boots/loaders.ts';
import { filesDirectoryOf, type Settings } from './settings.ts';

export type SetForAll = Pick<Settings, 'loaders' | 'secureBoot' | 'files' | 'data'>;

/** The choice for a machine of which nothing is known. */
export function choiceForAll(settings: SetForAll): LoaderChoice {
  const { loaders, secureBoot } = settings;
  return { byArchitecture: loaders, secureBoot, hasFile: fileBelow(filesDirectoryOf(settings)) };
}

/** What climbs out of the directory is refused when it is asked for. */
export function fileBelow(directory: string): (name: string) => boolean {
  return (name) => !name.split('/').includes('..') && existsSync(join(directory, name));
}
