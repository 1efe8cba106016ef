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
  /** Tells everybody who listens. */
  tell(event: LiveEvent): void;
  /** Serves one client until it goes. */
  serve(req: Request, res: Response): Promise<void>;
  /** Ends all streams. */
  close(): void;
}

/** A client that does not read is cut off here, bytes; it can resume. */
const BACKLOG_LIMIT = 4 << 20;
const KEEP_ALIVE_MS = 15_000;

export function createStream(events: EventLog, clock: () => number): Stream {
  const clients = new Set<{
    wants(event: LiveEvent): boolean;
    write(event: StoredEvent | LiveEvent, seq: number, time: number): void;
    end(): void;
  }>();
  events.listen((event) => {
    for (const client of clients) if (client.wants(event)) client.write(event, event.seq, event.time);
  });
  return {
    tell(event) {
      for (const client of clients) if (client.wants(event)) client.write(event, 0, clock());
    },
    async serve(req, res) {
      const { workflow, machine } = req.query;
      const resumeAfter = Number(req.get('last-event-id') ?? req.query.since ?? Number.NaN);
      res
        .status(200)
        .set({ 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' });
      res.flushHeaders();
      res.write(': tinsmith\n\n');
      let told = Number.isInteger(resumeAfter) ? resumeAfter : events.last;
      // While old events are read from the store, new ones wait here so that the order holds.
      let waiting: StoredEvent[] | undefined = [];
      const write = (event: StoredEvent | LiveEvent, seq: number, time: number): void => {
        if (res.writableLength > BACKLOG_LIMIT) {
          res.destroy();
          return;
        }
        const { kind, machine: about, workflow: of, data } = event;
        res.write(
          `${seq ? `id: ${seq}\n` : ''}event: ${kind}\ndata: ${JSON.stringify({ seq, time: new Date(time).toISOString(), kind, machine: about, workflow: of, data })}\n\n`,
        );
      };
      const client = {
        wants: (event: LiveEvent): boolean => wanted(event, workflow, machine),
        write(event: StoredEvent | LiveEvent, seq: number, time: number): void {
          if (waiting && 'seq' in event) waiting.push(event);
          else if (!waiting && (seq === 0 || seq > told)) {
            write(event, seq, time);
            if (seq > 0) told = seq;
          } else if (seq === 0) write(event, 0, time);
        },
        end: () => res.end(),
      };
      clients.add(client);
      const alive = setInterval(() => res.write(': alive\n\n'), KEEP_ALIVE_MS);
      res.on('close', () => {
        clearInterval(alive);
        clients.delete(client);
      });
      for await (const event of events.since(told)) {
        if (res.closed) return;
        told = event.seq;
        if (client.wants(event)) write(event, event.seq, event.time);
      }
      const late = waiting;
      waiting = undefined;
      for (const event of late) client.write(event, event.seq, event.time);
    },
    close() {
      for (const client of clients) client.end();
    },
  };
}

/** With both filters, what is told of the machine itself (its boot) comes beside what is told of the workflow. */
function wanted(event: LiveEvent, workflow: unknown, machine: unknown): boolean {
  if (workflow === undefined) return machine === undefined || event.machine === machine;
  return (
    event.workflow === workflow || (machine !== undefined && event.workflow === undefined && event.machine === machine)
  );
}
