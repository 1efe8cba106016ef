/** The served files, and the ISO images among them, with what is kept of each in the store. */
import type { Logger } from 'pino';
import { Checksums, FileStore, type Noted } from '../boots/files/index.ts';
import { IsoShelf } from '../boots/iso/index.ts';
import type { Content } from '../content/index.ts';
import { EnvironmentFiles } from '../life/environment-files.ts';
import { isoNeeds } from '../life/render/isos.ts';
import type { Store } from '../store/store.ts';

/** @param root directory of the served files */
export async function openServedFiles(
  { store, content, log }: { store: Store; content: Pick<Content, 'catalogue'>; log: Logger },
  root: string,
): Promise<{ files: FileStore; isos: IsoShelf; environmentFiles: EnvironmentFiles }> {
  const key = (name: string): string => `file-checksum/${name}`;
  const checksums = new Checksums({
    get: (name) => store.get<Noted>(key(name)),
    put: (name, noted) => store.change((transaction) => transaction.put(key(name), noted)),
    delete: (name) => store.change((transaction) => transaction.delete(key(name))),
  });
  const needs = () => isoNeeds(content.catalogue().bootenvs.values());
  const isos = new IsoShelf({ root, checksums, needs });
  const files = new FileStore({ root, checksums, accept: (upload) => isos.accept(upload) });
  const left = await files.sweep();
  if (left > 0) log.warn({ uploads: left }, 'removed what uploads had left that were cut short');
  // What is known by then keeps no machine waiting.
  for (const need of needs()) void isos.verify(need);
  return { files, isos, environmentFiles: new EnvironmentFiles({ directory: root, isos }) };
}
