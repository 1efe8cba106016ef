/** `/api/v1/events`: what happens, as a stream, and what has happened, in pages. */
import { z } from 'zod';
import { TinsmithError } from '../../errors.ts';
import { type EventFilter, wants } from '../../store/event-filter.ts';
import type { EventLog, StoredEvent } from '../../store/events.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { anyEvent } from '../shapes/event.ts';
import { page, pageQuery } from '../shapes/page.ts';
import type { AnyEvent, Page } from '../types.ts';

/** Stored events that one page looks at: a filter that nothing passes must not read a million of them at once. */
const LOOKED_AT = 20_000;

const several = z.union([z.string(), z.array(z.string())]);
const filter = {
  workflow: several.optional().describe('Only what is about this workflow; may be given several times.'),
  machine: several.optional().describe('Only what is about this machine, by id; may be given several times.'),
  kind: several.optional().describe('Only events of this kind, or `workflow.*`; may be given several times.'),
  from: z.iso.datetime({ offset: true }).optional().describe('Only events from this time on, ISO 8601.'),
};
const streamQuery = z.object({
  ...filter,
  since: z.coerce
    .number()
    .pipe(z.int().min(0))
    .optional()
    .describe('As the header Last-Event-ID, for clients that cannot send it.'),
});
const historyQuery = pageQuery.extend(filter);

export function eventOperations({ events, stream }: Services): Operation[] {
  return [
    operation(
      {
        id: 'streamEvents',
        method: 'get',
        path: '/events',
        summary: 'Everything that happens, as server-sent events.',
        description:
          'With the header `Last-Event-ID: N` the events that are kept since N come first (0: all of them), with `from` those since then, and then `stream.live`. Where some of them are kept no more, `stream.gap` says so first. `machine` beside `workflow` adds what is told of those machines themselves.',
        query: streamQuery,
        answer: { kind: 'written', types: { 'text/event-stream': 'Events, until the client goes.' } },
      },
      async ({ req, res, query }) => {
        const { from } = query;
        const last = /^\d{1,15}$/.exec(req.get('last-event-id') ?? '')?.[0];
        const asked = last === undefined ? query.since : Number(last);
        const since = asked ?? (from === undefined ? undefined : await lastBefore(events, Date.parse(from)));
        await stream.serve(res, { since, filter: filterOf(query) });
      },
    ),
    operation(
      {
        id: 'listEvents',
        method: 'get',
        path: '/events/history',
        summary: 'Events that are kept, the oldest first.',
        description:
          '`after` is the number of an event, as is `next`. A page may have fewer events than asked for, or none, and a `next` still.',
        query: historyQuery,
        answer: { kind: 'json', shape: page(anyEvent) },
      },
      ({ query }) => history(events, query),
    ),
  ];
}

async function history(events: EventLog, query: z.infer<typeof historyQuery>): Promise<Page<AnyEvent>> {
  const { limit, after = '0', from } = query;
  if (!/^\d{1,15}$/.test(after)) {
    throw new TinsmithError('INVALID_INPUT', `after: ${after} is not the number of an event.`, {
      next: 'Give what the page before has as `next`, unchanged.',
      problems: [{ field: 'after', message: 'is not the number of an event' }],
    });
  }
  const asked = filterOf(query);
  const { workflows: [only, another] = [], machines = [] } = asked;
  const start = from === undefined ? 0 : await lastBefore(events, Date.parse(from));
  const data: AnyEvent[] = [];
  let looked = 0;
  let last = Math.max(Number(after), start);
  // Those of one workflow are found by it, not by reading all.
  const ofOne = another === undefined && machines.length === 0 ? only : undefined;
  for await (const event of events.since(last, ofOne)) {
    if (data.length === limit || looked === LOOKED_AT) return { data, next: String(last) };
    looked++;
    last = event.seq;
    if (wants(asked, event)) data.push({ ...event, time: new Date(event.time).toISOString() });
  }
  return { data };
}

type Given = { [name in 'workflow' | 'machine' | 'kind']?: string | string[] | undefined };

function filterOf({ workflow = [], machine = [], kind = [] }: Given): EventFilter {
  return { workflows: [workflow].flat(), machines: [machine].flat(), kinds: [kind].flat() };
}

/** Number of the last event before a time: they are numbered as time goes, with gaps. */
async function lastBefore(events: EventLog, time: number): Promise<number> {
  let [low, high] = [0, events.last];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const next = await firstAfter(events, middle);
    if (next === undefined || next.time >= time) high = middle;
    else low = next.seq;
  }
  return low;
}

async function firstAfter(events: EventLog, seq: number): Promise<StoredEvent | undefined> {
  for await (const event of events.since(seq)) return event;
  return undefined;
}
