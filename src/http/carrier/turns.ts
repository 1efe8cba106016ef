import { Courtesy } from './courtesy.ts';

/** How long the other things of the event loop wait at most for what is done in a turn of it, but for one slice, ms. */
const TURN_MS = 1;
/** How often it is looked after work that waits for no socket, ms. */
const LOOK_MS = 0.1;
/** How long it is waited at once at most, ms, where nothing has happened for longer and longer: timers are late by as much. */
const LONGEST_WAIT_MS = 8;
/** How long work waits here, ms: who takes more only later than this costs less in the event loop. */
const PATIENCE_MS = 100;

/** After a slice: there is more to do at once; or when its socket takes more; or it has come to an end. */
export type Progress = 'more' | 'full' | 'over';

/** Something that is done in slices. Its functions must not throw. */
export interface Work {
  /** Does one slice. @param now ms */
  step(now: number): Progress;
  /** The descriptor that it waits for. Undefined: it is stepped again soon. */
  socket(): number | undefined;
  /** It has waited too long here, and has to find another way. */
  leave(): void;
}

/** What is needed to wait, of src/system/writable.ts. */
export interface Waiting {
  /** As {@link Writable.wait}, with the thread's event loop. Undefined: there is no way to wait here. */
  wait(sockets: readonly (number | undefined)[], microseconds: number): boolean | undefined;
  isReady(index: number): boolean;
}

/**
 * Does the work of many in slices, one after the other, and lets the event loop turn in between. Where all wait for sockets it
 * waits for these itself, as long as there is nothing to do in the event loop: Node says that a socket takes more only by the
 * callback of something that it wrote.
 */
export class Turns {
  #ready: Work[] = [];
  #full: { work: Work; since: number }[] = [];
  #isSet = false;
  /** How long is waited next, ms. */
  #wait = TURN_MS;
  readonly #waiting: Waiting;
  readonly #now: () => number;
  readonly #courtesy: Pick<Courtesy, 'busy'>;

  /** @param courtesy told when there is more to do than a turn has room for @param now ms since any moment */
  constructor(
    waiting: Waiting,
    courtesy: Pick<Courtesy, 'busy'> = new Courtesy(),
    now: () => number = () => performance.now(),
  ) {
    this.#waiting = waiting;
    this.#courtesy = courtesy;
    this.#now = now;
  }

  /** Has it done from the next turn on. */
  add(work: Work): void {
    this.#ready.push(work);
    this.#set();
  }

  #set(): void {
    if (this.#isSet) return;
    this.#isSet = true;
    setImmediate(this.#take);
  }

  readonly #take = (): void => {
    this.#isSet = false;
    let now = this.#now();
    const until = now + TURN_MS;
    if (this.#full.length > 0 && this.#ready.length > 0) this.#rest(now, 0);
    for (;;) {
      const isOver = this.#slices(now, until);
      now = this.#now();
      if (isOver || now >= until || this.#ready.length > 0 || this.#full.length === 0) break;
      if (!this.#rest(now, Math.max(until - now, this.#wait))) break;
      now = this.#now();
    }
    if (this.#ready.length > 0) this.#courtesy.busy(now);
    if (this.#ready.length + this.#full.length > 0) this.#set();
  };

  /** Does slices until nobody has more to do or the time is over. Returns whether some work is over, for which somebody waits. */
  #slices(now: number, until: number): boolean {
    const ready = this.#ready;
    let isOver = false;
    let next = 0;
    while (next < ready.length) {
      const work = ready[next++];
      if (work === undefined) break;
      switch (work.step(now)) {
        case 'more':
          ready.push(work);
          break;
        case 'full':
          this.#full.push({ work, since: now });
          break;
        case 'over':
          isOver = true;
      }
      now = this.#now();
      if (now >= until) break;
    }
    this.#ready = ready.slice(next);
    return isOver;
  }

  /** Waits until somebody can go on. Returns whether somebody can, and the event loop has nothing to do. */
  #rest(now: number, milliseconds: number): boolean {
    const waits = this.#full.filter(({ work, since }) => {
      const isPatient = now - since <= PATIENCE_MS;
      if (!isPatient) work.leave();
      return isPatient;
    });
    const haveLeft = waits.length < this.#full.length;
    this.#full = haveLeft ? waits : [];
    if (haveLeft) return false;
    const sockets = waits.map(({ work }) => work.socket());
    const longest = sockets.includes(undefined) ? Math.min(milliseconds, LOOK_MS) : milliseconds;
    const isCalled = this.#waiting.wait(sockets, longest * 1000);
    waits.forEach((each, index) => {
      if (isCalled === undefined) each.work.leave();
      else if (sockets[index] === undefined || this.#waiting.isReady(index)) this.#ready.push(each.work);
      else this.#full.push(each);
    });
    if (isCalled !== false || this.#ready.length > 0) this.#wait = TURN_MS;
    else this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
    return isCalled === false && this.#ready.length > 0;
  }
}
