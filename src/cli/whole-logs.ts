/** The output of a workflow's actions and services as part of its events, whole and in order. */
import type { ActionLog, Data, ServiceLog, StreamEvent, Workflow } from '../api/types.ts';
import type { Client } from './client.ts';

type LogEvent = Extract<StreamEvent, { kind: 'log' }>;
type LogData = LogEvent['data'];
/** An attempt at an action, or a start of a service. */
type Source =
  | Omit<Extract<LogData, { action: number }>, 'from' | 'entries'>
  | Omit<Extract<LogData, { service: number }>, 'from' | 'entries'>;

/** States in which no more output of a start comes. */
const OVER = new Set(['RESTARTING', 'ENDED', 'FAILED', 'STOPPED']);

/** Output is told live only: what was missed, before we came or while the connection was lost, is fetched and put in. */
export async function* withWholeLogs(
  events: AsyncIterable<StreamEvent>,
  client: Client,
  workflow: Workflow,
): AsyncGenerator<StreamEvent> {
  const shown = new Map<string, number>();
  const rest = async (event: Pick<StreamEvent, 'time' | 'machine'>, source: Source): Promise<LogEvent[]> => {
    const key = keyOf(source);
    const from = shown.get(key) ?? 0;
    const entries = (await entriesOf(client, workflow.id, source)).slice(from);
    shown.set(key, from + entries.length);
    if (entries.length === 0) return [];
    const { time, machine } = event;
    return [{ seq: 0, time, machine, workflow: workflow.id, kind: 'log', data: { ...source, from, entries } }];
  };
  for await (const event of events) {
    switch (event.kind) {
      case 'log': {
        const { from, entries, ...source } = event.data;
        const key = keyOf(source);
        if (from > (shown.get(key) ?? 0)) yield* await rest(event, source);
        const next = shown.get(key) ?? 0;
        const fresh = entries.slice(Math.max(0, next - from));
        if (fresh.length === 0) break;
        shown.set(key, from + entries.length);
        yield { ...event, data: { ...event.data, from: next, entries: fresh } };
        break;
      }
      case 'action.started':
        yield event;
        if (workflow.actions[event.data.action]?.attempt === event.data.attempt)
          yield* await rest(event, attemptOf(event.data));
        break;
      case 'action.ended':
      case 'action.lost':
        yield* await rest(event, attemptOf(event.data));
        yield event;
        break;
      case 'service.changed': {
        const { service, name, starts, state } = event.data;
        if (OVER.has(state) && starts > 0) yield* await rest(event, { service, name, start: starts });
        yield event;
        break;
      }
      case 'stream.live':
        for (const [service, { name, starts, machine }] of workflow.services.entries())
          if (starts > 0) yield* await rest({ time: event.time, machine }, { service, name, start: starts });
        yield event;
        break;
      default:
        yield event;
    }
  }
}

function attemptOf({ action, attempt, task, name }: { action: number; attempt: number; task: string; name: string }) {
  return { action, attempt, task, name };
}

function keyOf(source: Source): string {
  return 'service' in source ? `s${source.service}/${source.start}` : `${source.action}/${source.attempt}`;
}

async function entriesOf(client: Client, id: string, source: Source): Promise<LogData['entries']> {
  const path = `workflows/${encodeURIComponent(id)}/logs`;
  if ('service' in source) {
    const { service, start } = source;
    const query = { service: String(service), start: String(start) };
    const { data } = await client.find<Data<ServiceLog[]>>(path, query);
    return data.find((log) => log.start === start)?.entries ?? [];
  }
  const { action, attempt } = source;
  const query = { action: String(action), attempt: String(attempt) };
  const { data } = await client.find<Data<ActionLog[]>>(path, query);
  return data.find((log) => log.action === action && log.attempt === attempt)?.entries ?? [];
}
