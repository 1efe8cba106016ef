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
  streams: Streams;
}

/** The open streams by machine, and what is told on them. */
export class WorkerStream implements StreamOwner {
  readonly #byMachine = new Map<string, readonly Open[]>();
  /** Machine of each stream. */
  readonly #machines = new Map<string, string>();

  /** Opens a stream for a machine's worker. Request and response are over here, and hold no memory of this thread. */
  serve(machine: string, res: Response): void {
    res.setHeader('cache-control', 'no-store');
    const open = hold(res, this);
    if (open === undefined) return;
    const before = this.#byMachine.get(machine) ?? [];
    const [oldest] = before;
    if (oldest && before.length >= PER_MACHINE) oldest.streams.end([oldest.id]);
    this.#byMachine.set(machine, [...before, open]);
    this.#machines.set(open.id, machine);
  }

  isOpen(machine: string): boolean {
    return this.#byMachine.has(machine);
  }

  /** Machines with an open stream. */
  get size(): number {
    return this.#byMachine.size;
  }

  /** There may be other work, or other services, for a machine: its worker is to ask. */
  tell(machine: string, event: 'work' | 'services'): void {
    this.#write(machine, `event: ${event}\ndata: {}\n\n`);
  }

  /** An attempt is no longer wanted. */
  stop(machine: string, notice: StopNotice): void {
    this.#write(machine, `event: stop\ndata: ${JSON.stringify(notice)}\n\n`);
  }

  /** Tells all workers, a slice at a time. */
  async tellAll(event: 'work' | 'services'): Promise<void> {
    const [first] = this.#byMachine.values();
    await first?.[0]?.streams.tellAll(this.#machines.keys(), `event: ${event}\ndata: {}\n\n`);
  }

  /** Ends all streams. */
  close(): void {
    const all = [...this.#byMachine.values()].flat();
    all[0]?.streams.end(all.map(({ id }) => id));
  }

  gone(id: string): void {
    const machine = this.#machines.get(id);
    if (machine === undefined) return;
    this.#machines.delete(id);
    const left = (this.#byMachine.get(machine) ?? []).filter((open) => open.id !== id);
    if (left.length === 0) this.#byMachine.delete(machine);
    else this.#byMachine.set(machine, left);
  }

  #write(machine: string, text: string): void {
    for (const { id, streams } of this.#byMachine.get(machine) ?? []) streams.tell(id, text);
  }
}
