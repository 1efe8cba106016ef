/**
 * Who may call. The administrator's token is a file of mode 0600 in the data directory, made at the first start. A
 * worker's token is made for each boot, goes into that boot's script only, and opens only that machine's own work. That of
 * a machine that nobody knows opens only its discovery, and the machine's own work from then on.
 */
import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { TinsmithError } from '../errors.ts';
import { secretFile } from '../store/secret-file.ts';
import type { Store, Transaction } from '../store/store.ts';

/** Boot tokens kept of one machine: a script may be fetched several times before a worker speaks. */
const PER_MACHINE = 8;
/** Unknown machines that tokens are kept of; those that asked longest ago go. A hostile sender makes up new ones for ever. */
const UNKNOWN_MAX = 1024;
/** MAC addresses of the unknown machines that have tokens, the one that asked last at the end. */
const UNKNOWN = 'unknown-macs';
/** Stands before a MAC address in place of a machine's id, which it is none of. */
const UNKNOWN_PREFIX = 'unknown:';

const digest = (token: string): string => hash('sha256', token);
const newToken = (): string => randomBytes(32).toString('base64url');

/**
 * Reads the administrator's token, making it when it is not there.
 * @throws TinsmithError DATA_DIRECTORY_UNUSABLE
 */
export function adminToken(dataDirectory: string): string {
  const file = join(dataDirectory, 'token');
  const token = secretFile(file, newToken);
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

/** Tokens whose keys are kept in memory: workers come again and again with the same one. */
const KEYS_MAX = 16_384;

/** Only the hash of a boot's token is stored. */
export class WorkerTokens {
  readonly #store: Store;
  readonly #keys = new Map<string, string>();

  constructor(store: Store) {
    this.#store = store;
  }

  /** A new token for one boot of a machine. */
  issue(machine: string): Promise<string> {
    return this.#store.change((transaction) => this.#issue(transaction, machine, `worker-tokens/${machine}`));
  }

  /**
   * A new token for a Task of a machine, in a change under way; its worker's own stays as it is.
   * @param lasts it is for an agent in an installed system: what later Tasks are given does not end it, nor do boots
   */
  issueForTask(transaction: Transaction, machine: string, lasts: boolean): string {
    return this.#issue(transaction, machine, `${lasts ? 'agent' : 'task'}-tokens/${machine}`);
  }

  #issue(transaction: Transaction, machine: string, list: string): string {
    const token = newToken();
    const kept = [...(transaction.get<string[]>(list) ?? []), digest(token)];
    for (const old of kept.splice(0, Math.max(0, kept.length - PER_MACHINE))) transaction.delete(`worker-token/${old}`);
    transaction.put(list, kept);
    transaction.put(`worker-token/${digest(token)}`, machine);
    return token;
  }

  /** A new token for one boot of a machine that nobody knows. */
  issueForUnknown(mac: string): Promise<string> {
    return this.#store.change((transaction) => {
      const macs = [...(transaction.get<string[]>(UNKNOWN) ?? []).filter((other) => other !== mac), mac];
      for (const old of macs.splice(0, Math.max(0, macs.length - UNKNOWN_MAX))) this.#forget(transaction, old);
      transaction.put(UNKNOWN, macs);
      const owner = UNKNOWN_PREFIX + mac;
      return this.#issue(transaction, owner, `worker-tokens/${owner}`);
    });
  }

  #forget(transaction: Transaction, mac: string): void {
    const list = `worker-tokens/${UNKNOWN_PREFIX}${mac}`;
    for (const hash of transaction.get<string[]>(list) ?? []) transaction.delete(`worker-token/${hash}`);
    transaction.delete(list);
  }

  /** All tokens of a machine that nobody knew open its own work from now on. */
  adopt(transaction: Transaction, mac: string, machine: string): void {
    const macs = transaction.get<string[]>(UNKNOWN) ?? [];
    if (!macs.includes(mac)) return;
    const hashes = transaction.get<string[]>(`worker-tokens/${UNKNOWN_PREFIX}${mac}`) ?? [];
    this.#forget(transaction, mac);
    transaction.put(
      UNKNOWN,
      macs.filter((other) => other !== mac),
    );
    const list = `worker-tokens/${machine}`;
    const kept = [...(transaction.get<string[]>(list) ?? []), ...hashes];
    for (const old of kept.splice(0, Math.max(0, kept.length - PER_MACHINE))) transaction.delete(`worker-token/${old}`);
    for (const hash of hashes) transaction.put(`worker-token/${hash}`, machine);
    transaction.put(list, kept);
  }

  /** Id of the machine that a token opens. */
  machineOf(token: string): string | undefined {
    const owner = this.#ownerOf(token);
    return owner?.startsWith(UNKNOWN_PREFIX) ? undefined : owner;
  }

  /** MAC address of the unknown machine whose discovery a token opens. */
  unknownOf(token: string): string | undefined {
    const owner = this.#ownerOf(token);
    return owner?.startsWith(UNKNOWN_PREFIX) ? owner.slice(UNKNOWN_PREFIX.length) : undefined;
  }

  /** Whether a token is one of ours. */
  opens(token: string): boolean {
    return this.#ownerOf(token) !== undefined;
  }

  #ownerOf(token: string): string | undefined {
    const known = this.#keys.get(token);
    if (known !== undefined) return this.#store.get<string>(known);
    const key = `worker-token/${digest(token)}`;
    const owner = this.#store.get<string>(key);
    // Only of those that open something: anybody may send others.
    if (owner === undefined) return undefined;
    if (this.#keys.size >= KEYS_MAX) this.#keys.clear();
    this.#keys.set(token, key);
    return owner;
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
