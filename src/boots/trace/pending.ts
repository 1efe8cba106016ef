/** A queue that is filled at its end and taken from at its front, many at a time; neither costs more the longer it is. */
export class Pending<Item> {
  #items: Item[] = [];
  #front = 0;

  get length(): number {
    return this.#items.length - this.#front;
  }

  add(item: Item): void {
    this.#items.push(item);
  }

  /** The first ones, up to so many; they are gone from the queue. */
  take(most: number): Item[] {
    const taken = this.#items.slice(this.#front, this.#front + most);
    this.#front += taken.length;
    if (this.#front * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#front);
      this.#front = 0;
    }
    return taken;
  }

  /** Leaves only some. */
  keep(isWanted: (item: Item) => boolean): void {
    this.#items = this.#items.slice(this.#front).filter(isWanted);
    this.#front = 0;
  }
}
