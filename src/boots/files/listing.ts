/** What lies below the served directory. */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openRooted, PARTIAL } from '../../system/rooted.ts';

/** The paths of all files that are served, in order. Links to files are among them, folders behind links are not gone into. */
export async function filesBelow(root: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, entry } of below(root)) {
    const isServed = entry.isFile() || (entry.isSymbolicLink() && !('refused' in (await openRooted(root, name))));
    if (isServed && !entry.name.startsWith(PARTIAL)) names.push(name);
  }
  return names.sort();
}

/** The absolute paths of what uploads have begun and not ended. */
export async function partialsBelow(root: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, entry } of below(root))
    if (entry.isFile() && entry.name.startsWith(PARTIAL)) found.push(join(root, name));
  return found;
}

async function* below(root: string): AsyncGenerator<{ name: string; entry: Dirent }> {
  const folders = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    // A folder that goes away meanwhile, or that may not be read, has nothing that is served.
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const name = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else yield { name, entry };
    }
  }
}
