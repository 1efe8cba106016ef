/** The event stream: server-sent events, resumable by `Last-Event-ID`, with what is only told live in between. */
import type { Request, Response } from 'express';
import type { EventLog, StoredEvent } from '../store/events.ts';

/** What is told live and not kept: output, progress, traces. */
export interface LiveEvent {
  kind: string;
  machine?: string;
  workflow?: string;
  data: unknown;
}

export interface Stream {
  /** Whether anybody listens. */
  isHeard(): boolean;
  /** Tells everybody who listens. */
  tell(event: LiveEvent): void;
  /** Serves one client until it goes. */
  serve(req: Request, res: Response): Promise<void>;
  /** Ends all streams. */
  close(): void;
}

/** A client that does not read is cut off here, bytes or events that wait for it; it can resume. */
const BACKLOG_LIMIT = 4 << 20;
const WAITING_LIMIT = 50_000;
const KEEP_ALIVE_MS = 15_000;

export function createStream(events: EventLog, clock: () => number): Stream {
  const clients = new Set<StreamClient>();
  events.listen((event) => {
    for (const client of clients) client.take(event);
  });
  return {
    isHeard: () => clients.size > 0,
    tell(event) {
      for (const client of clients) client.tell(event, clock());
    },
    async serve(req, res) {
      const asked = req.get('last-event-id') ?? req.query.since;
      const since = asked === undefined ? Number.NaN : Number(asked);
      const client = new StreamClient(res, {
        workflow: listOf(req.query.workflow),
        machine: listOf(req.query.machine),
      });
      clients.add(client);
      const alive = setInterval(() => client.comment('alive'), KEEP_ALIVE_MS);
      res.on('close', () => {
        clearInterval(alive);
        clients.delete(client);
      });
      await client.replay(events, Number.isInteger(since) ? since : events.last);
      client.tell({ kind: 'stream.live', data: {} }, clock());
    },
    close() {
      for (const client of clients) client.end();
      clients.clear();
    },
  };
}

function listOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : value === undefined ? [] : [String(value)];
}

/** One open stream. While old events are read from the store, new ones wait, so that the order holds. */
class StreamClient {
  readonly #res: Response;
  readonly #filter: { workflow: string[]; machine: string[] };
  #waiting: StoredEvent[] | undefined = [];
  #told = 0;

  constructor(res: Response, filter: { workflow: string[]; machine: string[] }) {
    this.#res = res;
    this.#filter = filter;
    res.status(200).set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.flushHeaders();
    this.comment('tinsmith');
  }

  /** A stored event, as it happens. */
  take(event: StoredEvent): void {
    if (this.#waiting) {
      this.#waiting.push(event);
      if (this.#waiting.length > WAITING_LIMIT) this.#res.destroy();
    } else if (event.seq > this.#told) {
      this.#told = event.seq;
      if (this.#wants(event)) this.#write(event, event.seq, event.time);
    }
  }

  /** What is told live only. */
  tell(event: LiveEvent, time: number): void {
    if (event.kind === 'stream.live' || this.#wants(event)) this.#write(event, 0, time);
  }

  /** Writes what is stored after `since`, and from then on what happens. */
  async replay(events: EventLog, since: number): Promise<void> {
    this.#told = since;
    for await (const event of events.since(since)) {
      if (this.#res.closed || this.#res.writableEnded) return;
      this.#told = event.seq;
      if (!this.#wants(event)) continue;
      this.#write(event, event.seq, event.time);
      // What is old can wait until the client has read what is older.
      if (this.#res.writableNeedDrain) await this.#drained();
    }
    const late = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of late) this.take(event);
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#res.off('drain', done).off('close', done);
        resolve();
      };
      this.#res.on('drain', done).on('close', done);
    });
  }

  comment(text: string): void {
    if (this.#res.writableEnded) return;
    this.#res.write(`: ${text}\n\n`);
  }

  end(): void {
    this.#res.end();
  }

  /** With both filters, what is told of the machine itself (its boot) comes beside what is told of the workflow. */
  #wants(event: LiveEvent): boolean {
    const { workflow, machine } = this.#filter;
    const ofMachine = event.machine !== undefined && machine.includes(event.machine);
    if (workflow.length === 0) return machine.length === 0 || ofMachine;
    return event.workflow === undefined ? ofMachine : workflow.includes(event.workflow);
  }

  #write({ kind, machine, workflow, data }: LiveEvent, seq: number, time: number): void {
    if (this.#res.writableEnded) return;
    if (this.#res.writableLength > BACKLOG_LIMIT) {
      this.#res.destroy();
      return;
    }
    const body = JSON.stringify({ seq, time: new Date(time).toISOString(), kind, machine, workflow, data });
    this.#res.write(`${seq ? `id: ${seq}\n` : ''}event: ${kind}\ndata: ${body}\n\n`);
  }
}
