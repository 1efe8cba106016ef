/** Whether all of a file has gone out over HTTP, in one answer or in parts. Pure. */
import type { TraceEntry } from '../trace.ts';

/**
 * @param entries of the boot up to the one asked about
 * @param last a sending that was completed
 */
export function sentWhole(entries: readonly TraceEntry[], last: TraceEntry): boolean {
  if (startOf(last) === undefined) return last.details.bytes === last.details.total;
  // Parts, as of a client that goes on where it was cut off: each has to begin where those before it have come to.
  let upTo = 0;
  let size: number | undefined;
  let atEnd = false;
  for (const { role, what, outcome, reason, details } of entries) {
    if (role !== 'http' || what !== last.what) continue;
    // Answers without the file, such as to HEAD.
    if (outcome === 'completed' && reason !== 'sent') continue;
    const bytes = Number(details.bytes ?? 0);
    const part = startOf({ details });
    if (part === undefined) {
      size = Number(details.total ?? 0);
      upTo = Math.max(upTo, bytes);
    } else if (part.start <= upTo) {
      upTo = Math.max(upTo, part.start + bytes);
      atEnd ||= part.isOpen && bytes === details.total;
    }
  }
  return atEnd || (size !== undefined && size > 0 && upTo >= size);
}

/** Where the part begins that was asked for; undefined: all was. */
function startOf({ details }: Pick<TraceEntry, 'details'>): { start: number; isOpen: boolean } | undefined {
  const [, start, end] = /^bytes=(\d+)-(\d*)$/.exec(String(details.range ?? '')) ?? [];
  return start === undefined ? undefined : { start: Number(start), isOpen: end === '' };
}

/** The times that a file came whole: no question for its size is one, and of parts only that which makes it whole. */
export function wholeLoads(entries: readonly TraceEntry[], isFile: (what: string) => boolean): TraceEntry[] {
  const loads: TraceEntry[] = [];
  const sofar = new Map<string, TraceEntry[]>();
  for (const entry of entries) {
    const { role, what, outcome, reason, mac, boot } = entry;
    if ((role !== 'tftp' && role !== 'http') || !isFile(what)) continue;
    const key = `${mac} ${boot} ${what}`;
    const parts = [...(sofar.get(key) ?? []), entry];
    const isWhole = role === 'tftp' ? reason !== 'size-only' : reason === 'sent' && sentWhole(parts, entry);
    if (outcome === 'completed' && isWhole) loads.push(entry);
    // What comes after a whole file begins another load of it.
    sofar.set(key, outcome === 'completed' && isWhole ? [] : parts);
  }
  return loads;
}
