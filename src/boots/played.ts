/**
 * `tinsmith doctor --client` plays machines, and says of each packet and request that it does: what it asks for is in the
 * trace, but is not taken for what the machine itself did. Pure.
 */
import type { TftpOption } from './tftp/packet.ts';
import type { TraceEntry } from './trace.ts';

/** Value of a DHCP option of our own, name of a TFTP option, and user agent over HTTP; who does not know them ignores them. */
export const PLAYED_BY = 'tinsmith-doctor';
export const PLAYED_BY_BYTES = Buffer.from(PLAYED_BY);
/** Number of that DHCP option, one of those for private use (RFC 3942) that nobody is known to give a meaning to. */
export const PLAYED_BY_OPTION = 224;

export const isPlayedRead = (options: readonly TftpOption[]): boolean => options.some(({ name }) => name === PLAYED_BY);
export const isPlayedBy = (userAgent: string | undefined): boolean => userAgent === PLAYED_BY;

/** What is in the details of a played entry. */
export const PLAYED = { playedBy: PLAYED_BY } as const;

export const isPlayed = ({ details }: Pick<TraceEntry, 'details'>): boolean => details.playedBy !== undefined;

/** What the machine itself did. */
export const ownEntries = (entries: readonly TraceEntry[]): TraceEntry[] => entries.filter((each) => !isPlayed(each));
