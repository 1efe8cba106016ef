/**
 * `tinsmith doctor --client` plays machines, and says of each packet and request that it does: what it asks for is in the
 * trace, but is not taken for what the machine itself did. Pure.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { TftpOption } from './tftp/packet.ts';
import type { TraceEntry } from './trace.ts';

/** Value of a DHCP option of our own, name of a TFTP option, and user agent over HTTP; who does not know them ignores them. */
export const PLAYED_BY = 'tinsmith-doctor';
export const PLAYED_BY_BYTES = Buffer.from(PLAYED_BY);
/** Number of that DHCP option, one of those for private use (RFC 3942). */
export const PLAYED_BY_OPTION = 250;

export const isPlayedRead = (options: readonly TftpOption[]): boolean => options.some(({ name }) => name === PLAYED_BY);

/** Of an HTTP request, by its headers. */
export const isPlayedRequest = ({ headers }: { headers: IncomingHttpHeaders }): boolean =>
  headers['user-agent'] === PLAYED_BY;

/** What is in the details of a played entry. */
export const PLAYED = { playedBy: PLAYED_BY } as const;

export const isPlayed = ({ details }: Pick<TraceEntry, 'details'>): boolean => details.playedBy !== undefined;

/** What the machine itself did; where it was only played so far, that. */
export function ownEntries(entries: TraceEntry[]): TraceEntry[] {
  const own = entries.filter((entry) => !isPlayed(entry));
  return own.length > 0 ? own : entries;
}
