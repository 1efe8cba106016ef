import { Courtesy } from './courtesy.ts';

/** How long the other things of the event loop wait at most for what is done in a turn of it, but for one slice, ms. */
const TURN_MS = 1;
/** Fifty who got a little each, one after the other, had it at half of the speed of four: docs/decisions/0005. */
const AT_ONCE = 4;
/** How long each of these goes on, ms, before it is another's turn. */
const SHIFT_MS = 20;
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

/** Work that is being done, or is to be. */
interface Served {
  work: Work;
  /** When others go first, if there are any. */
  shiftEnds: number;
}

/**
 * Does the work of many in slices: of a few, one after the other, until their shift is over and it is others' turn; and lets the
 * event loop turn in between. What is new begins at once, since it may be little. Where all wait for sockets it waits for these
 * itself, as long as there is nothing to do in the event loop: Node says that a socket takes more only by the callback of
 * something that it wrote.
 */
export class Turns {
  #ready: Served[] = [];
  #full: (Served & { since: number })[] = [];
  /** Their shift is over; they go on from the first one. */
  readonly #queue: Work[] = [];
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
    this.#ready.push({ work, shiftEnds: this.#now() + SHIFT_MS });
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
    this.#letIn(now, AT_ONCE - this.#ready.length - this.#full.length);
    for (;;) {
      const isOver = this.#slices(now, until);
      now = this.#now();
      if (isOver || now >= until || this.#ready.length > 0) break;
      const wait = this.#queue.length > 0 ? 0 : Math.max(until - now, this.#wait);
      if (this.#full.length > 0 && this.#rest(now, wait)) break;
      now = this.#now();
      // All that are there wait for sockets.
      if (this.#ready.length === 0) this.#letIn(now, AT_ONCE);
      if (this.#ready.length === 0) break;
    }
    if (this.#ready.length + this.#queue.length > 0) this.#courtesy.busy(now);
    if (this.#ready.length + this.#queue.length + this.#full.length > 0) this.#set();
  };

  /** Begins the shift of the next ones. */
  #letIn(now: number, many: number): void {
    const next = this.#queue.splice(0, Math.max(0, many));
    for (const work of next) this.#ready.push({ work, shiftEnds: now + SHIFT_MS });
  }

  /** It has more to do: at once, or when it is its turn again. */
  #goOn(served: Served, now: number): void {
    if (now < served.shiftEnds) this.#ready.push(served);
    else this.#queue.push(served.work);
  }

  /** Does slices until nobody has more to do or the time is over. Returns whether some work is over, for which somebody waits. */
  #slices(now: number, until: number): boolean {
    const ready = this.#ready;
    let isOver = false;
    let next = 0;
    while (next < ready.length) {
      const served = ready[next++];
      if (served === undefined) break;
      const progress = served.work.step(now);
      now = this.#now();
      switch (progress) {
        case 'more':
          this.#goOn(served, now);
          break;
        case 'full':
          this.#full.push({ ...served, since: now });
          break;
        case 'over':
          isOver = true;
      }
      if (now >= until) break;
    }
    this.#ready = ready.slice(next);
    return isOver;
  }

  /** Waits until somebody can go on. Returns whether the event loop has something to do. */
  #rest(now: number, milliseconds: number): boolean {
    const waits = this.#full.filter(({ work, since }) => {
      const isPatient = now - since <= PATIENCE_MS;
      if (!isPatient) work.leave();
      return isPatient;
    });
    const haveLeft = waits.length < this.#full.length;
    this.#full = haveLeft ? waits : [];
    if (haveLeft) return true;
    const sockets = waits.map(({ work }) => work.socket());
    const longest = sockets.includes(undefined) ? Math.min(milliseconds, LOOK_MS) : milliseconds;
    const isCalled = this.#waiting.wait(sockets, longest * 1000);
    waits.forEach((each, index) => {
      if (isCalled === undefined) each.work.leave();
      else if (sockets[index] === undefined || this.#waiting.isReady(index)) this.#goOn(each, now);
      else this.#full.push(each);
    });
    const isInVain = isCalled === false && this.#full.length === waits.length;
    if (!isInVain) this.#wait = TURN_MS;
    else if (milliseconds > 0) this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
    return isCalled !== false;
  }
}
