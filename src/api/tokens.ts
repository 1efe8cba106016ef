/**
 * Who may call. The administrator's token is a file of mode 0600 in the data directory, made at the first start. A
 * worker's token is made for each boot, goes into that boot's script only, and opens only that machine's own work.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, TinsmithError } from '../errors.ts';
import type { Store } from '../store/store.ts';

/** Boot tokens kept of one machine: a script may be fetched several times before a worker speaks. */
const PER_MACHINE = 8;

const digest = (token: string): string => createHash('sha256').update(token).digest('hex');
const newToken = (): string => randomBytes(32).toString('base64url');

/**
 * Reads the administrator's token, making it when it is not there.
 * @throws TinsmithError DATA_DIRECTORY_UNUSABLE
 */
export function adminToken(dataDirectory: string): string {
  const file = join(dataDirectory, 'token');
  if (!existsSync(file)) {
    const partial = `${file}.${process.pid}`;
    try {
      writeFileSync(partial, `${newToken()}\n`, { mode: 0o600 });
      renameSync(partial, file);
    } catch (cause) {
      rmSync(partial, { force: true });
      throw new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${file} cannot be written: ${messageOf(cause)}`, {
        next: 'Make the data directory writable, or free space on its disk.',
        cause,
      });
    }
  }
  const token = readFileSync(file, 'utf8').trim();
  if (token.length < 20)
    throw new TinsmithError('DATA_DIRECTORY_UNUSABLE', `${file} does not hold a token.`, {
      next: `Delete it: a new one is made at the next start.`,
    });
  return token;
}

/** Compares secrets without telling by the time it takes how much of them agrees. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(digest(a)), Buffer.from(digest(b)));
}

/** Only the hash of a boot's token is stored. */
export class WorkerTokens {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A new token for one boot of a machine. */
  async issue(machine: string): Promise<string> {
    const token = newToken();
    await this.#store.change((transaction) => {
      const hashes = transaction.get<string[]>(`worker-tokens/${machine}`) ?? [];
      const kept = [...hashes, digest(token)];
      for (const old of kept.splice(0, Math.max(0, kept.length - PER_MACHINE)))
        transaction.delete(`worker-token/${old}`);
      transaction.put(`worker-tokens/${machine}`, kept);
      transaction.put(`worker-token/${digest(token)}`, machine);
    });
    return token;
  }

  /** Id of the machine that a token opens. */
  machineOf(token: string): string | undefined {
    return this.#store.get<string>(`worker-token/${digest(token)}`);
  }

  /** The boot with this token is the one that runs: those before it are over, and so are their tokens. */
  async settle(machine: string, token: string): Promise<void> {
    await this.#store.change((transaction) => {
      const hashes = transaction.get<string[]>(`worker-tokens/${machine}`) ?? [];
      const index = hashes.indexOf(digest(token));
      if (index < 1) return;
      for (const old of hashes.slice(0, index)) transaction.delete(`worker-token/${old}`);
      transaction.put(`worker-tokens/${machine}`, hashes.slice(index));
    });
  }
}
