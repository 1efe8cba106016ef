/**
 * `GET /api/v1/worker/stream`: spares ten thousand waiting workers their questions (see the worker's protocol). The HTTP
 * thread holds the connections and writes the comments that keep them alive; here there is only whose they are.
 */
import type { Response } from 'express';
import { hold, type StreamOwner, type Streams } from '../http/index.ts';
import type { StopNotice } from '../worker/protocol.ts';

/** A worker that was cut off may open another stream before the end of the first is noticed. */
const PER_MACHINE = 4;

interface Open {
  id: string;
  machine: string;
  /** Those of the port that it came to. */
  streams: Streams;
}

type Event = 'work' | 'services';

/** The open streams by machine, and what is told on them. */
export class WorkerStream implements StreamOwner {
  readonly #byMachine = new Map<string, readonly Open[]>();
  readonly #byId = new Map<string, Open>();
  /** Streams on which something is to be said at the end of this turn of the event loop. */
  #due = new Map<Event, Set<string>>();

  /** Opens a stream for a machine's worker. Request and response are over here, and hold no memory of this thread. */
  serve(machine: string, res: Response): void {
    res.setHeader('cache-control', 'no-store');
    const held = hold(res, this);
    if (held === undefined) return;
    const open = { ...held, machine };
    const before = this.#byMachine.get(machine) ?? [];
    const [oldest] = before;
    if (oldest && before.length >= PER_MACHINE) oldest.streams.end([oldest.id]);
    this.#byMachine.set(machine, [...before, open]);
    this.#byId.set(open.id, open);
  }

  isOpen(machine: string): boolean {
    return this.#byMachine.has(machine);
  }

  /** Machines with an open stream. */
  get size(): number {
    return this.#byMachine.size;
  }

  /**
   * There may be other work, or other services, for a machine: its worker is to ask. Said once for all that happens in one
   * turn of the event loop, as one batch of changes does, and to all machines in one message.
   */
  tell(machine: string, event: Event): void {
    const open = this.#byMachine.get(machine);
    if (!open) return;
    if (this.#due.size === 0) setImmediate(() => this.#tellDue());
    const ids = this.#due.get(event) ?? new Set();
    for (const { id } of open) ids.add(id);
    this.#due.set(event, ids);
  }

  /** An attempt is no longer wanted. */
  stop(machine: string, notice: StopNotice): void {
    this.#tellDue();
    this.#write(machine, `event: stop\ndata: ${JSON.stringify(notice)}\n\n`);
  }

  #tellDue(): void {
    const due = this.#due;
    this.#due = new Map();
    for (const [event, ids] of due) void this.#tellThese(ids, event);
  }

  /** Tells all workers, a slice at a time. */
  tellAll(event: Event): Promise<void> {
    return this.#tellThese(this.#byId.keys(), event);
  }

  async #tellThese(ids: Iterable<string>, event: Event): Promise<void> {
    for (const [streams, some] of Map.groupBy(ids, (id) => this.#byId.get(id)?.streams))
      await streams?.tellAll(some, `event: ${event}\ndata: {}\n\n`);
  }

  /** Ends all streams. */
  close(): void {
    this.#tellDue();
    for (const [streams, some] of Map.groupBy(this.#byId.values(), (open) => open.streams))
      streams.end(some.map(({ id }) => id));
  }

  gone(id: string): void {
    const machine = this.#byId.get(id)?.machine;
    if (machine === undefined) return;
    this.#byId.delete(id);
    const left = (this.#byMachine.get(machine) ?? []).filter((open) => open.id !== id);
    if (left.length === 0) this.#byMachine.delete(machine);
    else this.#byMachine.set(machine, left);
  }

  #write(machine: string, text: string): void {
    for (const { id, streams } of this.#byMachine.get(machine) ?? []) streams.tell(id, text);
  }
}
