/** Where the command line finds the administrator's token. */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

export const DEFAULT_DATA = '/var/lib/tinsmith';

export interface Token {
  /** Undefined where there is none to be found. */
  value?: string;
  /** Where it was looked for, for people. */
  lookedAt: string;
}

/**
 * Finds the token: in the file that a flag names, in TINSMITH_TOKEN, or in the data directory.
 * @throws TinsmithError UNAUTHORIZED when the one that is named cannot be read, or is none
 */
export function findToken(
  flags: { tokenFile?: string | undefined; data?: string | undefined },
  environment: Terminal['environment'],
  server: URL,
): Token {
  const named = flags.tokenFile;
  if (named === undefined && environment.TINSMITH_TOKEN)
    return { value: checked(environment.TINSMITH_TOKEN, 'TINSMITH_TOKEN'), lookedAt: 'TINSMITH_TOKEN' };
  const data = flags.data ?? (environment.TINSMITH_DATA || undefined);
  // Unasked, the token of this host goes to an appliance on this host only.
  if (named === undefined && data === undefined && !isThisHost(server.hostname))
    return { lookedAt: '--token-file and TINSMITH_TOKEN' };
  const file = named ?? join(data ?? DEFAULT_DATA, 'token');
  try {
    return { value: checked(readFileSync(file, 'utf8'), file), lookedAt: file };
  } catch (error) {
    if (error instanceof TinsmithError) throw error;
    // Nobody named this file: an appliance elsewhere may be meant, which says itself what it wants.
    if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return { lookedAt: file };
    throw new TinsmithError('UNAUTHORIZED', `The administrator’s token cannot be read: ${messageOf(error)}.`, {
      next: 'Run it as the user of the appliance (sudo), or give a copy of the token with --token-file or TINSMITH_TOKEN.',
      cause: error,
    });
  }
}

function isThisHost(hostname: string): boolean {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return (
    hostname === 'localhost' ||
    /^127\./.test(hostname) ||
    own.some(({ address }) => address === hostname.replace(/^\[|\]$/g, ''))
  );
}

function checked(text: string, source: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new TinsmithError('UNAUTHORIZED', `${source} holds no token.`, {
    next: 'Copy the file token from the data directory of the appliance.',
  });
}
