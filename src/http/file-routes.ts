import type { Worker } from 'node:worker_threads';
import type { ToCarrier, WantedFile } from './carrier/messages.ts';
import type { FileSending } from './files/sending.ts';
import type { Outbox } from './outbox.ts';

/** Files that are found without an HTTP request in this thread. */
export interface FileRoutes {
  /** How their paths begin, with a `/` at both ends. */
  folders: readonly string[];
  /**
   * Looks for the file that an IP address asks for. Undefined, or a rejection: the app is asked for it, and says what there is
   * to say. `about` is as with `send()`.
   */
  find(path: string, client: string): Promise<{ sending: FileSending; about: unknown } | undefined>;
}

/** What looks for files that one carrier asks for. */
export function finder(
  routes: FileRoutes,
  outbox: Outbox,
  carrier: Pick<Worker, 'threadId' | 'postMessage'>,
): (file: WantedFile) => void {
  return async ({ id, path, client }) => {
    const found = await routes.find(path, client).catch(() => undefined);
    if (carrier.threadId === -1) return; // it has ended, and nobody would report
    if (found !== undefined) outbox.add(id, found.about);
    carrier.postMessage({ kind: 'found', id, sending: found?.sending } satisfies ToCarrier);
  };
}
