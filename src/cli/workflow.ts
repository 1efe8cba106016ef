/** `tinsmith workflow …`: making, looking at and deleting. Following one as it runs is in `follow.ts`. */
import type { ActionLog, Data, NewWorkflow, Workflow, WorkflowActionEvent } from '../api/types.ts';
import { TinsmithError } from '../errors.ts';
import { Client, serverFlags } from './client.ts';
import { command, type Noun } from './command.ts';
import { deleteEach, readJson } from './files.ts';
import { outputFlag, rowFlags, say, write, writeJson } from './output.ts';

const ID = { type: 'string', demandOption: true, describe: 'Id of the workflow' } as const;
const IDS = { type: 'string', array: true, demandOption: true, describe: 'Id of a workflow' } as const;

const create = command({
  usage: 'create',
  summary: 'Start a template on machines',
  examples: [
    [`workflow create -t ubuntu -r '{"device_1":"52:54:00:00:00:01"}'`, 'The machine is named by a MAC or IP address'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .option('template', { alias: 't', type: 'string', demandOption: true, describe: 'Id or name of the template' })
      .option('hardware', {
        alias: 'r',
        type: 'string',
        demandOption: true,
        describe: 'Names in the template to MAC or IP addresses, as JSON',
      }),
  async run(args, terminal) {
    const body: NewWorkflow = { template: args.template, hardware: devices(args.hardware) };
    const answer = await new Client(args, terminal).post<Data<Workflow>>('workflows', body);
    say(terminal, args.output, `Created Workflow:  ${answer.data.id}`, answer);
    if (answer.data.waitsFor && args.output === 'table') terminal.stderr.write(`It waits: ${answer.data.waitsFor}\n`);
  },
});

const get = command({
  usage: 'get [ids..]',
  summary: 'Show workflows: all, or those named',
  examples: [
    ['workflow get', 'All workflows and their states'],
    ['workflow get 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10 --yaml', 'The template as it was rendered for it'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('ids', { type: 'string', array: true, describe: 'Id of a workflow' })
      .option('yaml', { type: 'boolean', describe: 'Show the rendered template' }),
  async run(args, terminal) {
    const workflows = await workflowsNamed(new Client(args, terminal), args.ids ?? []);
    if (args.yaml) terminal.stdout.write(workflows.map(({ rendered }) => rendered.replace(/\n?$/, '\n')).join('---\n'));
    else {
      const rows = workflows.map(({ id, template, state, createdAt, updatedAt }) => [
        id,
        template,
        `STATE_${state}`,
        createdAt,
        updatedAt,
      ]);
      write(terminal, args, {
        headers: ['ID', 'Template ID', 'State', 'Created At', 'Updated At'],
        rows,
        json: { data: workflows },
      });
    }
  },
});

const list = command({
  usage: 'list',
  summary: 'List the workflows',
  examples: [
    ['workflow list', 'All workflows and their devices'],
    ['workflow list -q', 'Only the ids'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs)).option('quiet', { alias: 'q', type: 'boolean', describe: 'Show the ids only' }),
  async run(args, terminal) {
    const workflows = await workflowsNamed(new Client(args, terminal), []);
    if (args.quiet) terminal.stdout.write(workflows.map(({ id }) => `${id}\n`).join(''));
    else {
      const rows = workflows.map(({ id, template, devices: named, createdAt, updatedAt }) => [
        id,
        template,
        JSON.stringify(named),
        createdAt,
        updatedAt,
      ]);
      write(terminal, args, {
        headers: ['Workflow ID', 'Template ID', 'Hardware device', 'Created At', 'Updated At'],
        rows,
        json: { data: workflows },
      });
    }
  },
});

const state = command({
  usage: 'state <id>',
  summary: 'Show how far a workflow is, and what it waits for',
  examples: [['workflow state 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10', 'Progress and current action']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('id', ID),
  async run(args, terminal) {
    const { data } = await new Client(args, terminal).get<Data<Workflow>>('workflows', args.id);
    const rows = [
      ['Workflow ID', data.id],
      ['Workflow Progress', `${data.progress}%`],
      ['Current Task', data.currentTask],
      ['Current Action', data.currentAction],
      ['Current Worker', data.currentWorker],
      ['Current Action State', data.currentActionState && `STATE_${data.currentActionState}`],
      ['Workflow State', `STATE_${data.state}`],
      ...(data.waitsFor ? [['Waits For', data.waitsFor]] : []),
      ...(data.message ? [['Message', data.message]] : []),
    ];
    write(terminal, args, { headers: ['Field Name', 'Values'], rows, json: { data } });
  },
});

const events = command({
  usage: 'events <ids..>',
  summary: 'Show what happened to the actions of workflows',
  examples: [['workflow events 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10', 'Oldest first']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('ids', IDS),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    const found: WorkflowActionEvent[] = [];
    for (const id of args.ids)
      found.push(...(await client.get<Data<WorkflowActionEvent[]>>('workflows', id, 'events')).data);
    const rows = found.map(({ worker, task, action, seconds, message, state: reached }) => [
      worker,
      task,
      action,
      Math.round(seconds * 10) / 10,
      message,
      `STATE_${reached}`,
    ]);
    write(terminal, args, {
      headers: ['Worker ID', 'Task Name', 'Action Name', 'Execution Time', 'Message', 'Action Status'],
      rows,
      json: { data: found },
    });
  },
});

const logs = command({
  usage: 'logs <id>',
  summary: 'Show the output of the actions of a workflow',
  examples: [
    ['workflow logs 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10 --action stream-image', 'Of one action'],
    ['workflow logs -f 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10', 'And go on until the workflow ends'],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', ID)
      .option('action', { alias: 'a', type: 'string', describe: 'Only this action: its name, or its position from 0' })
      .option('attempt', { type: 'number', describe: 'This attempt [the last]' })
      .option('follow', { alias: 'f', type: 'boolean', describe: 'Show what comes until the workflow ends' })
      .conflicts('follow', 'attempt'),
  async run(args, terminal) {
    const client = new Client(args, terminal);
    if (args.follow) {
      const { followLogs } = await import('./follow.ts');
      return followLogs(client, args, terminal);
    }
    const query = { action: args.action, attempt: args.attempt?.toString() };
    const answer = await client.find<Data<ActionLog[]>>(`workflows/${encodeURIComponent(args.id)}/logs`, query);
    if (args.output === 'json') return writeJson(terminal, answer);
    for (const { name, attempt, entries } of answer.data) {
      if (answer.data.length > 1)
        terminal.stdout.write(`==> ${name}${attempt > 1 ? ` (attempt ${attempt})` : ''} <==\n`);
      const text = entries.map((entry) => entry.text).join('');
      terminal.stdout.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
    }
  },
});

const watch = command({
  usage: 'watch <id>',
  summary: 'Watch a workflow live: boot, actions, progress, output',
  examples: [
    ['workflow watch 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10', 'Ends when it ends, with exit code 0 if it succeeded'],
  ],
  flags: (yargs) => serverFlags(outputFlag(yargs)).positional('id', ID),
  async run(args, terminal) {
    const { watchWorkflow } = await import('./follow.ts');
    await watchWorkflow(new Client(args, terminal), args, terminal);
  },
});

const wait = command({
  usage: 'wait <id>',
  summary: 'Wait until a workflow has ended',
  examples: [
    [
      'workflow wait 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10 --timeout 600',
      'Exit code 0: it succeeded; 1: it failed; 75: still running after 10 minutes',
    ],
  ],
  flags: (yargs) =>
    serverFlags(outputFlag(yargs))
      .positional('id', ID)
      .option('timeout', { type: 'number', describe: 'Give up after so many seconds [never]' }),
  async run(args, terminal) {
    const { waitForWorkflow } = await import('./follow.ts');
    const ended = await waitForWorkflow(new Client(args, terminal), args.id, args.timeout);
    say(terminal, args.output, `Workflow ${ended.id}: ${ended.state}`, { data: ended });
  },
});

const remove = command({
  usage: 'delete <ids..>',
  summary: 'Delete workflows; one that runs is stopped',
  examples: [['workflow delete 2ba5f4a1-9a6c-4e2c-8d8b-3f2c0a4e9d10', 'With its history']],
  flags: (yargs) => serverFlags(yargs).positional('ids', IDS),
  run: (args, terminal) => deleteEach(new Client(args, terminal), 'workflows', args.ids, terminal),
});

export const workflow: Noun = {
  noun: 'workflow',
  summary: 'Workflows: what is being done to machines',
  commands: [create, get, list, state, events, logs, watch, wait, remove],
};

async function workflowsNamed(client: Client, ids: string[]): Promise<Workflow[]> {
  if (ids.length === 0) return (await client.get<Data<Workflow[]>>('workflows')).data;
  const workflows: Workflow[] = [];
  for (const id of ids) workflows.push((await client.get<Data<Workflow>>('workflows', id)).data);
  return workflows;
}

function devices(text: string): Record<string, string> {
  const given = readJson(text, '--hardware');
  const entries = typeof given === 'object' && given !== null && !Array.isArray(given) ? Object.entries(given) : [];
  const wrong = entries
    .filter(([, value]) => typeof value !== 'string')
    .map(([name]) => ({ field: name, message: 'is not a MAC or IP address in quotes' }));
  if (entries.length > 0 && wrong.length === 0) return Object.fromEntries(entries) as Record<string, string>;
  throw new TinsmithError('INVALID_INPUT', '--hardware is not an object of names and addresses.', {
    next: `Write it like '{"device_1":"52:54:00:00:00:01"}'.`,
    problems: wrong,
  });
}
