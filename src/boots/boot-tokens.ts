/** Tokens as boots need them: a new one for each, and the same for all that belongs to it. */

/** Who makes tokens, and knows them again. */
export interface Tokens {
  issue(machine: string): Promise<string>;
  /** Id of the machine that a token opens. */
  machineOf(token: string): string | undefined;
}

/**
 * The texts that an installer fetches, one after another, are of one boot: a new token in each of them would end those
 * before it, as only a few of a machine are kept.
 */
export class BootTokens {
  readonly #tokens: Tokens;
  /** By id of the machine. */
  readonly #newest = new Map<string, string>();

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  /** A new token, for a boot that begins. */
  async issue(machine: string): Promise<string> {
    const token = await this.#tokens.issue(machine);
    this.#newest.set(machine, token);
    return token;
  }

  /** The token of the boot that runs; a new one where that is not known any more. */
  async ofBoot(machine: string): Promise<string> {
    const token = this.#newest.get(machine);
    return token !== undefined && this.#tokens.machineOf(token) === machine ? token : this.issue(machine);
  }
}
