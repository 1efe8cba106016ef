/** `tinsmith events …`: what happens to machines, templates and workflows, with the flags that `tink` had. */
import type { AnyEvent } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client, type Query, serverFlags } from './client.ts';
import { command, type Noun, usage } from './command.ts';
import { fetchMachine } from './machine/named.ts';
import { rowFlags, write, writeJson } from './output.ts';
import { printable, type Terminal } from './terminal.ts';

const RESOURCES = ['hardware', 'subnet', 'template', 'workflow'] as const;
const CHANGES = ['create', 'update', 'delete'] as const;

/** Kinds of events, by what they are about and what they do to it. */
const KINDS: Record<(typeof RESOURCES)[number], Record<(typeof CHANGES)[number], string[]>> = {
  hardware: {
    create: ['machine.added'],
    update: [
      ...[
        'machine.updated',
        'machine.discovered',
        'machine.conflict',
        'machine.called-home',
        'worker.hello',
        'boot.stuck',
      ],
      ...['machine.stage', 'machine.halted', 'machine.runnable', 'machine.rests', 'machine.tasks'],
      ...[
        'machine.bootenv',
        'machine.list',
        'machine.params',
        'machine.profiles',
        'machine.locked',
        'machine.unlocked',
        'job.*',
      ],
    ],
    delete: ['machine.deleted'],
  },
  subnet: { create: ['subnet.added'], update: ['subnet.updated'], delete: ['subnet.deleted'] },
  template: { create: ['template.created'], update: ['template.updated'], delete: ['template.deleted'] },
  workflow: {
    create: ['workflow.created'],
    update: [
      'workflow.begun',
      'workflow.served',
      'workflow.failing',
      'workflow.ended',
      'workflow.paused',
      'workflow.resumed',
      'workflow.retried',
      'workflow.extended',
      'action.*',
      'service.*',
      'data.*',
    ],
    delete: ['workflow.deleted'],
  },
};

const KIND = {
  type: 'string',
  array: true,
  describe: 'Only events of this kind, such as workflow.ended or action.*; may be given several times',
} as const;

const watch = command({
  usage: 'watch',
  summary: 'Show events as they happen, until Ctrl-C',
  examples: [
    ['events watch', 'Everything that changes, and the last five minutes'],
    ['events watch -r workflow -e create -e delete --from 60', 'Workflows that came and went, from an hour ago on'],
    ['events watch --kind workflow.ended --output table', 'A line for each workflow that ends'],
  ],
  flags: (yargs) =>
    serverFlags(yargs)
      .option('resource-id', { alias: 'i', type: 'string', describe: 'Id of a machine, template or workflow' })
      .option('resource-type', {
        alias: 'r',
        type: 'string',
        array: true,
        choices: [...RESOURCES, 'all'] as const,
        describe: 'What they are about; may be given several times [all]',
      })
      .option('event-type', {
        alias: 'e',
        type: 'string',
        array: true,
        choices: [...CHANGES, 'all'] as const,
        describe: 'What they do to it; may be given several times [all]',
      })
      .option('kind', KIND)
      .option('from', { alias: 'm', type: 'number', default: 5, describe: 'Begin so many minutes ago' })
      .option('output', {
        alias: ['format', 'o'],
        type: 'string',
        default: 'json' as const,
        choices: ['table', 'json'] as const,
        describe: 'Form of the events',
      })
      .conflicts('kind', ['resource-type', 'event-type']),
  async run(args, terminal) {
    const kind = args.kind ?? kindsOf(args.resourceType, args.eventType);
    const query = { kind, from: ago(args.from) };
    for await (const event of new Client(args, terminal).events(query)) {
      if (event.kind === 'stream.live') continue;
      if (args.resourceId === undefined || isAbout(event, args.resourceId)) show(event, args.output, terminal);
    }
  },
});

const list = command({
  usage: 'list',
  summary: 'List the events that are kept, the oldest first',
  examples: [
    ['events list', 'Those of the last hour'],
    [
      'events list --workflow 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10 --kind action.ended --from 1440',
      'How the actions of a workflow ended, in the last day',
    ],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .option('from', { alias: 'm', type: 'number', default: 60, describe: 'Begin so many minutes ago' })
      .option('kind', KIND)
      .option('workflow', { type: 'string', describe: 'Only those about this workflow' })
      .option('machine', { type: 'string', describe: 'Only those about this machine: id, name, MAC or IP address' }),
  async run(args, terminal) {
    const { kind, workflow, from } = args;
    const client = new Client(args, terminal);
    const machine = args.machine === undefined ? undefined : await idOf(client, args.machine);
    const query: Query = { kind, workflow, machine, from: ago(from) };
    const json = await client.list<AnyEvent>('events/history', query);
    const rows = json.data.map((event) => [event.seq, event.time, event.kind, subjectOf(event), summaryOf(event)]);
    write(terminal, args, { headers: ['Number', 'Time', 'Kind', 'About', 'What'], rows, json });
  },
});

export const events: Noun = {
  noun: 'events',
  summary: 'Events: what happens to machines, templates and workflows',
  commands: [watch, list],
};

/** One that is not there any more has its events still, by its id. */
async function idOf(client: Client, machine: string): Promise<string> {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(machine)) return machine;
  try {
    return (await fetchMachine(client, machine)).id;
  } catch (error) {
    if (error instanceof TinsmithError && error.code === 'NOT_FOUND') return machine;
    throw error;
  }
}

function kindsOf(
  resources: readonly ((typeof RESOURCES)[number] | 'all')[] = ['all'],
  changes: readonly ((typeof CHANGES)[number] | 'all')[] = ['all'],
): string[] {
  return RESOURCES.filter((resource) => resources.includes('all') || resources.includes(resource)).flatMap((resource) =>
    CHANGES.filter((change) => changes.includes('all') || changes.includes(change)).flatMap(
      (change) => KINDS[resource][change],
    ),
  );
}

function ago(minutes: number): string {
  if (!Number.isFinite(minutes) || minutes < 0) throw usage('--from is not a number of minutes.', 'Write it like 60.');
  return new Date(Math.max(0, Date.now() - minutes * 60_000)).toISOString();
}

function isAbout({ workflow, machine, data }: Omit<AnyEvent, 'data'> & { data: object }, id: string): boolean {
  return workflow === id || machine === id || ('template' in data && data.template === id);
}

function show(event: Omit<AnyEvent, 'data'> & { data: object }, output: 'table' | 'json', terminal: Terminal): void {
  const { time, kind } = event;
  if (output === 'json') writeJson(terminal, event);
  else terminal.stdout.write(`${time}  ${kind.padEnd(18)} ${subjectOf(event)}  ${printable(summaryOf(event))}\n`);
}

function subjectOf({ workflow, machine, data }: Omit<AnyEvent, 'data'> & { data: object }): string {
  return workflow ?? machine ?? ('template' in data ? String(data.template) : '');
}

/** What an event says, in a few words, whatever its kind. */
function summaryOf({ data }: { data: object }): string {
  const { task, name, state, message, sentence } = data as Record<string, unknown>;
  const subject = [task, name].filter((part) => typeof part === 'string').join('/');
  return [subject, state, message ?? sentence].filter((part) => typeof part === 'string' && part !== '').join(' ');
}
