/** The output of actions and services, kept entry by entry: numbered, so that what comes twice is stored once. */
import type { Store, Transaction } from '../store/store.ts';
import type { AttemptKey, LogEntry } from '../worker/protocol.ts';

/** Bytes of output kept of one attempt or start; what comes after is counted and not kept. */
export const LOG_LIMIT = 16 << 20;

interface LogHead {
  /** The number expected next. */
  next: number;
  bytes: number;
  /** Number of the first entry that was not kept. */
  cutAt?: number;
}

/** Whose output it is: of one attempt at an action, or of one start of a service. */
export type LogOf = AttemptKey | { workflow: string; service: number; start: number };

const prefixOf = (of: LogOf): string =>
  'service' in of
    ? `${of.workflow}/s${pad(of.service, 3)}/${pad(of.start, 9)}`
    : `${of.workflow}/${pad(of.action, 4)}/${pad(of.attempt, 4)}`;
const pad = (n: number, width: number): string => String(n).padStart(width, '0');

/**
 * Adds entries to a change.
 * @returns the number expected next; the entries that were new and are kept, and the number of the first of them.
 */
export function appendLog(
  transaction: Transaction,
  of: LogOf,
  from: number,
  entries: LogEntry[],
): { next: number; first: number; added: LogEntry[] } {
  const headKey = `log-head/${prefixOf(of)}`;
  const head = transaction.get<LogHead>(headKey) ?? { next: 0, bytes: 0 };
  if (from > head.next) return { next: head.next, first: head.next, added: [] };
  const fresh = entries.slice(head.next - from);
  if (fresh.length === 0) return { next: head.next, first: head.next, added: [] };
  const next = head.next + fresh.length;
  let { bytes, cutAt } = head;
  const kept: LogEntry[] = [];
  for (const entry of fresh) {
    if (cutAt !== undefined) break;
    if (bytes + entry.text.length > LOG_LIMIT) {
      cutAt = head.next + kept.length;
      kept.push({
        at: entry.at,
        stream: 'stderr',
        text: `[tinsmith: the log is cut here, at its limit of ${LOG_LIMIT >> 20} MiB]\n`,
      });
    } else {
      bytes += entry.text.length;
      kept.push(entry);
    }
  }
  if (kept.length > 0) transaction.add(`log/${prefixOf(of)}/${pad(head.next, 9)}`, kept);
  transaction.put(headKey, { next, bytes, cutAt });
  return { next, first: head.next, added: kept };
}

/** The output of one attempt or start, oldest first. */
export async function readLog(store: Store, of: LogOf): Promise<LogEntry[]> {
  return (await store.values<LogEntry[]>(`log/${prefixOf(of)}/`)).flat();
}

/** Removes all output of a workflow. */
export async function clearLogs(store: Store, workflow: string): Promise<void> {
  await store.clear(`log/${workflow}/`);
  await store.clear(`log-head/${workflow}/`);
}

/** Removes the output of one attempt. */
export async function clearAttempt(store: Store, of: AttemptKey): Promise<void> {
  await store.clear(`log/${prefixOf(of)}/`);
  await store.clear(`log-head/${prefixOf(of)}`, `log-head/${prefixOf(of)}\0`);
}
