/**
 * Addresses by the time at which each is to be looked at again, the earliest first: a binary heap. An address that is
 * pushed again is there once, at its new time.
 */
export class Due {
  readonly #timeOf = new Map<number, number>();
  readonly #times: number[] = [];
  readonly #addresses: number[] = [];

  has(address: number): boolean {
    return this.#timeOf.has(address);
  }

  /** The time of an address that is here. */
  timeOf(address: number): number | undefined {
    return this.#timeOf.get(address);
  }

  push(time: number, address: number): void {
    if (this.#timeOf.get(address) === time) return;
    this.#timeOf.set(address, time);
    let at = this.#times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.#timeAt(parent) <= time) break;
      this.#set(at, this.#timeAt(parent), this.#addressAt(parent));
      at = parent;
    }
    this.#set(at, time, address);
  }

  /** The earliest address, if its time has come; it stays. */
  peek(now: number): number | undefined {
    while (this.#times.length > 0 && this.#timeAt(0) <= now) {
      const address = this.#addressAt(0);
      if (this.#timeOf.get(address) === this.#timeAt(0)) return address;
      // It was pushed again with another time.
      this.#removeFirst();
    }
    return undefined;
  }

  /** Takes the address out that `peek` has shown. */
  pop(): void {
    this.#timeOf.delete(this.#addressAt(0));
    this.#removeFirst();
  }

  #removeFirst(): void {
    const time = this.#times.pop();
    const address = this.#addresses.pop();
    if (time === undefined || address === undefined || this.#times.length === 0) return;
    const size = this.#times.length;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.#timeAt(child + 1) < this.#timeAt(child)) child += 1;
      if (this.#timeAt(child) >= time) break;
      this.#set(at, this.#timeAt(child), this.#addressAt(child));
      at = child;
    }
    this.#set(at, time, address);
  }

  #timeAt(at: number): number {
    return this.#times[at] ?? 0;
  }

  #addressAt(at: number): number {
    return this.#addresses[at] ?? 0;
  }

  #set(at: number, time: number, address: number): void {
    this.#times[at] = time;
    this.#addresses[at] = address;
  }
}
