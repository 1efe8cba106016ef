import { Courtesy } from './courtesy.ts';

/** How long the other things of the event loop wait at most for what is done in a turn of it, but for one slice, ms. */
const TURN_MS = 1;

/** Does one slice of something. Is told the time; returns whether there is more to do at once. Must not throw. */
export type Work = (now: number) => boolean;

/** Does the work of many in slices, one after the other, and lets the event loop turn in between. */
export class Turns {
  #waiting: Work[] = [];
  #isSet = false;
  readonly #now: () => number;
  readonly #courtesy: Pick<Courtesy, 'busy'>;

  /** @param courtesy told when there is more to do than a turn has room for @param now ms since any moment */
  constructor(courtesy: Pick<Courtesy, 'busy'> = new Courtesy(), now: () => number = () => performance.now()) {
    this.#courtesy = courtesy;
    this.#now = now;
  }

  /** Has it done from the next turn on, as long as there is more. */
  add(work: Work): void {
    this.#waiting.push(work);
    this.#set();
  }

  #set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    setImmediate(this.#take);
  }

  readonly #take = (): void => {
    let now = this.#now();
    const until = now + TURN_MS;
    const waiting = this.#waiting;
    let next = 0;
    do {
      const work = waiting[next++];
      if (work?.(now)) waiting.push(work);
      now = this.#now();
    } while (next < waiting.length && now < until);
    this.#waiting = waiting.slice(next);
    this.#isSet = false;
    if (this.#waiting.length === 0) return;
    this.#courtesy.busy(now);
    this.#set();
  };
}
