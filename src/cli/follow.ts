/** Following a workflow as it runs: watching it, its output, and waiting for its end. */
import type { Data, Machine, StreamEvent, TraceEntry, Workflow } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import type { Client } from './client.ts';
import { printable, type Terminal } from './terminal.ts';
import { withWholeLogs } from './whole-logs.ts';
import { fetchWorkflow } from './workflow/named.ts';

/** A boot this long before a workflow's creation still belongs to its story, ms. */
const BEFORE = 60_000;

/** How often a workflow that is watched is asked what it waits for, ms. */
const LOOK_AGAIN = 3_000;

/** Shows a workflow live until it ends. @throws TinsmithError WORKFLOW_FAILED when it ends without success. */
export async function watchWorkflow(
  client: Client,
  { id, output }: { id: string; output: 'table' | 'json' },
  terminal: Terminal,
): Promise<void> {
  const workflow = await fetchWorkflow(client, id);
  const machines = await machinesOf(client, workflow);
  const story = withWholeLogs(
    withTrace(eventsUntilEnd(client, workflow), client, workflow, machines),
    client,
    workflow,
  );
  if (output === 'json') {
    for await (const event of story) terminal.stdout.write(`${JSON.stringify(event)}\n`);
  } else {
    const { openTimelineScreen } = await import('./timeline-screen.ts');
    const names = machines.flatMap(({ id: own, name, interfaces }) =>
      [own, ...interfaces.map(({ mac }) => mac)].map((key) => [key, name] as const),
    );
    const origin = Date.parse(workflow.createdAt);
    const screen = openTimelineScreen(terminal, { machines: names, origin });
    let said: string | undefined;
    const sayWhatItWaitsFor = async (): Promise<void> => {
      const { waitsFor } = await fetchWorkflow(client, id);
      if (waitsFor && waitsFor !== said)
        screen.say({ at: Date.now(), tone: 'warning', text: `waits: ${printable(waitsFor)}` });
      said = waitsFor;
    };
    // Waiting is no event. While the appliance is away there is nothing to say about it.
    const timer = setInterval(() => void sayWhatItWaitsFor().catch(() => {}), LOOK_AGAIN);
    try {
      for await (const event of story) {
        screen.take(event);
        if (event.kind === 'stream.live') await sayWhatItWaitsFor();
      }
    } finally {
      clearInterval(timer);
      screen.end();
    }
  }
  refuseFailure(await fetchWorkflow(client, id));
}

/** Writes the output of a workflow's actions, or of one action or service: what there is and what comes, to its end. */
export async function followLogs(
  client: Client,
  which: { id: string; action?: string | undefined; service?: string | undefined; output: 'table' | 'json' },
  terminal: Terminal,
): Promise<void> {
  const { id, action, service, output } = which;
  const workflow = await fetchWorkflow(client, id);
  const isWanted = (wanted: string | undefined, name: string, position: number): boolean =>
    wanted === undefined || wanted === name || wanted === String(position);
  for await (const event of withWholeLogs(eventsUntilEnd(client, workflow), client, workflow)) {
    if (event.kind !== 'log') continue;
    const { data } = event;
    const wanted =
      'service' in data
        ? service !== undefined && isWanted(service, data.name, data.service)
        : service === undefined && isWanted(action, data.name, data.action);
    if (!wanted) continue;
    if (output === 'json') terminal.stdout.write(`${JSON.stringify(data)}\n`);
    else terminal.stdout.write(data.entries.map(({ text }) => text).join(''));
  }
}

/** What a timer of Node can count. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * Waits until a workflow has ended.
 * @param timeout seconds; undefined waits for as long as it takes.
 * @throws TinsmithError TIMED_OUT, WORKFLOW_FAILED
 */
export async function waitForWorkflow(client: Client, id: string, timeout: number | undefined): Promise<Workflow> {
  const limit =
    timeout === undefined ? undefined : AbortSignal.timeout(Math.min(Math.ceil(timeout * 1000), LONGEST_WAIT_MS));
  try {
    for await (const _ of eventsUntilEnd(client, await fetchWorkflow(client, id), limit));
  } catch (error) {
    if (!limit?.aborted) throw error;
    const { name, state, waitsFor } = await fetchWorkflow(client, id);
    throw new TinsmithError(
      'TIMED_OUT',
      `Workflow ${name} (${id}) is still ${state} after ${timeout} s${waitsFor ? `: ${waitsFor}` : ''}.`,
      {
        next: `See what it does: tinsmith workflow watch ${id}`,
      },
    );
  }
  const ended = await fetchWorkflow(client, id);
  refuseFailure(ended);
  return ended;
}

/**
 * All that is kept about a workflow and then what happens, up to its end. One that ended and was retried goes on: only an
 * end that holds is one.
 */
async function* eventsUntilEnd(client: Client, workflow: Workflow, until?: AbortSignal): AsyncGenerator<StreamEvent> {
  let isLive = false;
  // As it was before the stream; the events of one that ended long ago may be gone.
  let isOver = hasEnded(workflow);
  for await (const event of client.events({ workflow: workflow.id, machine: machinesIn(workflow) }, 0, until)) {
    yield event;
    const isOurs = event.workflow === workflow.id;
    if (isOurs && event.kind === 'workflow.deleted') return;
    if (isOurs && event.kind === 'workflow.retried') isOver = false;
    if (isOurs && event.kind === 'workflow.ended')
      isOver = !isLive || hasEnded(await fetchWorkflow(client, workflow.id));
    if (event.kind === 'stream.live') isLive = true;
    if (isLive && isOver) return;
  }
}

/** Puts what was traced before we came among the events, by time. */
async function* withTrace(
  events: AsyncGenerator<StreamEvent>,
  client: Client,
  workflow: Workflow,
  machines: Machine[],
): AsyncGenerator<StreamEvent> {
  // Asked for before the trace is: what happens in between is then in both, and shown once.
  let next = events.next();
  next.catch(() => {});
  const earliest = Date.parse(workflow.createdAt) - BEFORE;
  const latest = hasEnded(workflow) ? Date.parse(workflow.updatedAt) : Number.POSITIVE_INFINITY;
  const traced: { machine: string; entry: TraceEntry }[] = [];
  for (const { id, interfaces } of machines) {
    for (const { mac } of interfaces) {
      const { data } = await client.get<Data<TraceEntry[]>>('trace', mac);
      traced.push(
        ...data
          .filter(({ time }) => Date.parse(time) >= earliest && Date.parse(time) <= latest)
          .map((entry) => ({ machine: id, entry })),
      );
    }
  }
  traced.sort((a, b) => Date.parse(a.entry.time) - Date.parse(b.entry.time));
  const known = new Set(traced.map(({ entry }) => identity(entry)));
  for (;;) {
    const { value: event, done } = await next;
    if (done) return;
    while (traced[0] && (event.kind === 'stream.live' || Date.parse(traced[0].entry.time) <= Date.parse(event.time))) {
      const { machine, entry } = traced[0];
      traced.shift();
      yield { seq: 0, time: entry.time, machine, kind: 'boot.trace', data: entry };
    }
    if (event.kind !== 'boot.trace' || !known.has(identity(event.data))) yield event;
    next = events.next();
    next.catch(() => {});
  }
}

function identity({ time, mac, role, what, reason }: TraceEntry): string {
  return [time, mac, role, what, reason].join(' ');
}

async function machinesOf(client: Client, workflow: Workflow): Promise<Machine[]> {
  const machines: Machine[] = [];
  for (const id of machinesIn(workflow)) {
    try {
      machines.push((await client.get<Data<Machine>>('machines', id)).data);
    } catch (error) {
      // A machine that is gone has its part in the story still, by its id.
      if (!(error instanceof TinsmithError) || error.code !== 'NOT_FOUND') throw error;
    }
  }
  return machines;
}

function machinesIn(workflow: Workflow): string[] {
  return [...new Set([...workflow.actions, ...workflow.services].map(({ machine }) => machine))];
}

function hasEnded({ state }: Workflow): boolean {
  return state !== 'PENDING' && state !== 'RUNNING';
}

function refuseFailure({ id, name, state, message }: Workflow): void {
  if (state === 'SUCCESS') return;
  throw new TinsmithError(
    'WORKFLOW_FAILED',
    `Workflow ${name} (${id}) ended ${state}${message ? `: ${message}` : ''}.`.replace(/\.\.$/, '.'),
    {
      next: `See its output: tinsmith workflow logs ${id}`,
    },
  );
}
