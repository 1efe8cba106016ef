/** When each machine's worker was last heard, in memory only: it changes too often for the disk. */
export class LastSeen {
  readonly #clock: () => number;
  readonly #startedAt: number;
  readonly #at = new Map<string, number>();

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#startedAt = clock();
  }

  note(machine: string): void {
    this.#at.set(machine, this.#clock());
  }

  /** ms since 1970; undefined when it has not been heard since the appliance started. */
  of(machine: string): number | undefined {
    return this.#at.get(machine);
  }

  /** The same, where it was heard before the appliance's start at the latest. */
  since(machine: string): number {
    return this.#at.get(machine) ?? this.#startedAt;
  }

  /** Seconds since it was heard, or undefined when it has not been heard since the appliance started. */
  silentFor(machine: string): number | undefined {
    const at = this.#at.get(machine);
    return at === undefined ? undefined : (this.#clock() - at) / 1000;
  }
}
