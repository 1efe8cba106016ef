/** Looking at workflows: what they are, how far they are, what happened in them. */
import type { Data, Workflow, WorkflowActionEvent } from '../../api/types.ts';
import { Client, type Query, serverFlags } from '../client.ts';
import { command } from '../command.ts';
import { rowFlags, write } from '../output.ts';
import { EXAMPLE, fetchWorkflow, ID, IDS } from './named.ts';

export const get = command({
  usage: 'get [ids..]',
  summary: 'Show workflows: all, or those named',
  examples: [
    ['workflow get', 'All workflows and their states'],
    [`workflow get ${EXAMPLE} --yaml`, 'The template as it was rendered for it'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .positional('ids', { type: 'string', array: true, describe: 'Id of a workflow' })
      .option('yaml', { type: 'boolean', describe: 'Show the rendered template' }),
  async run(args, terminal) {
    const workflows = await workflowsNamed(new Client(args, terminal), args.ids ?? []);
    if (args.yaml) terminal.stdout.write(workflows.map(({ rendered }) => rendered.replace(/\n?$/, '\n')).join('---\n'));
    else {
      const rows = workflows.map(({ id, template, stage, state: reached, createdAt, updatedAt }) => [
        id,
        madeFrom(template, stage),
        `STATE_${reached}`,
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

export const list = command({
  usage: 'list',
  summary: 'List the workflows',
  examples: [
    ['workflow list', 'All workflows and their devices'],
    ['workflow list --state RUNNING -q', 'Only the ids of those that run'],
  ],
  flags: (yargs) =>
    serverFlags(rowFlags(yargs))
      .option('quiet', { alias: 'q', type: 'boolean', describe: 'Show the ids only' })
      .option('state', {
        type: 'string',
        choices: ['PENDING', 'RUNNING', 'SUCCESS', 'FAILED', 'TIMEOUT', 'CANCELLED'] as const,
        describe: 'Only those in this state',
      })
      .option('machine', { type: 'string', describe: 'Only those of a machine: id, name, MAC or IP address' })
      .option('template', { type: 'string', describe: 'Only those made from a template: id or name' }),
  async run(args, terminal) {
    const { state: inState, machine, template } = args;
    const workflows = await workflowsNamed(new Client(args, terminal), [], { state: inState, machine, template });
    if (args.quiet) terminal.stdout.write(workflows.map(({ id }) => `${id}\n`).join(''));
    else {
      const rows = workflows.map(({ id, template: from, stage, devices, createdAt, updatedAt }) => [
        id,
        madeFrom(from, stage),
        JSON.stringify(devices),
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

export const state = command({
  usage: 'state <id>',
  summary: 'Show how far a workflow is, and what it waits for',
  examples: [[`workflow state ${EXAMPLE}`, 'Progress and current action']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('id', ID),
  async run(args, terminal) {
    const data = await fetchWorkflow(new Client(args, terminal), args.id);
    const { outcome, pausedAt, services } = data;
    const rows = [
      ['Workflow ID', data.id],
      ['Workflow Progress', `${data.progress}%`],
      ['Current Task', data.currentTask],
      ['Current Action', data.currentAction],
      ['Current Worker', data.currentWorker],
      ['Current Action State', data.currentActionState && `STATE_${data.currentActionState}`],
      ['Workflow State', `STATE_${data.state}`],
      ...(pausedAt ? [['Paused Since', pausedAt]] : []),
      ...(outcome && data.state === 'RUNNING' ? [['Will End', `STATE_${outcome.state}: ${outcome.message}`]] : []),
      ...(services.length > 0 ? [['Services', services.map((each) => `${each.name}: ${each.state}`).join('\n')]] : []),
      ...(data.waitsFor ? [['Waits For', data.waitsFor]] : []),
      ...(data.message ? [['Message', data.message]] : []),
    ];
    write(terminal, args, { headers: ['Field Name', 'Values'], rows, json: { data } });
  },
});

export const services = command({
  usage: 'services <id>',
  summary: 'Show the services of a workflow, and where they are reached',
  examples: [[`workflow services ${EXAMPLE}`, 'A line for each']],
  flags: (yargs) => serverFlags(rowFlags(yargs)).positional('id', ID),
  async run(args, terminal) {
    const { services: found } = await fetchWorkflow(new Client(args, terminal), args.id);
    const rows = found.map(({ name, worker, state: reached, starts, endpoints = {}, exitCode, message }) => [
      name,
      worker,
      reached,
      starts,
      Object.entries(endpoints)
        .map(([port, address]) => `${port} at ${address}`)
        .join('\n'),
      message ?? (exitCode === undefined ? undefined : `exit code ${exitCode}`),
    ]);
    const headers = ['Name', 'Worker', 'State', 'Starts', 'Endpoint', 'Message'];
    write(terminal, args, { headers, rows, json: { data: found } });
  },
});

export const events = command({
  usage: 'events <ids..>',
  summary: 'Show what happened to the actions of workflows',
  examples: [[`workflow events ${EXAMPLE}`, 'Oldest first']],
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

/** The template, or the stage where that has made it. */
function madeFrom(template: string, stage: string | undefined): string {
  return stage === undefined ? template : `stage ${stage}`;
}

async function workflowsNamed(client: Client, ids: string[], query: Query = {}): Promise<Workflow[]> {
  if (ids.length === 0) return (await client.list<Workflow>('workflows', query)).data;
  const workflows: Workflow[] = [];
  for (const id of ids) workflows.push(await fetchWorkflow(client, id));
  return workflows;
}
