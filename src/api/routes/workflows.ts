/** `/api/v1/workflows`: what they are, how they stand, and what they are told to do. */
import { TinsmithError } from '../../errors.ts';
import type { Command } from '../../workflows/engine/index.ts';
import { isFinal, type Workflow } from '../../workflows/workflow.ts';
import { byAge, type Call, type Operation, operation, pageOf } from '../openapi/index.ts';
import { presentWorkflow } from '../present.ts';
import type { Services } from '../services.ts';
import { data, page } from '../shapes/page.ts';
import { newWorkflow, retryBody, skipBody, workflow, workflowsQuery } from '../shapes/workflow.ts';
import type { Workflow as Shown } from '../types.ts';
import { waitsForOf } from '../waits-for.ts';

export function workflowOperations(services: Services): Operation[] {
  const { workflows, machines, templates } = services;

  const waitsFor = waitsForOf(services);
  /** What a worker had running before its machine was restarted is gone, though nobody was there to say so. */
  const withoutLost = (record: Workflow): Workflow =>
    isFinal(record.state) && record.services.length > 0
      ? {
          ...record,
          services: record.services.map((each) =>
            each.boot === machines.work(each.machine).worker?.boot ? each : { ...each, state: 'STOPPED' },
          ),
        }
      : record;
  const present = (record: Workflow): Shown => presentWorkflow(withoutLost(record), waitsFor(record));

  const tell = async (
    { params, conditions }: Pick<Call<{ id: string }, unknown, unknown>, 'params' | 'conditions'>,
    command: Command,
  ): Promise<{ data: Shown }> => {
    const record = await workflows.tell(params.id, command, conditions.allow);
    conditions.shows(record);
    return { data: present(record) };
  };
  const control = (verb: 'cancel' | 'pause' | 'resume', summary: string): Operation =>
    operation(
      {
        id: `${verb}Workflow`,
        method: 'post',
        path: `/workflows/:id/${verb}` as const,
        summary,
        answer: { kind: 'json', shape: data(workflow) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      (call) => tell(call, { command: verb }),
    );

  return [
    operation(
      {
        id: 'listWorkflows',
        method: 'get',
        path: '/workflows',
        summary: 'Workflows, the oldest first.',
        query: workflowsQuery,
        answer: { kind: 'json', shape: page(workflow) },
        codes: ['NOT_FOUND'],
      },
      async ({ query }) => {
        const machine = query.machine === undefined ? undefined : machines.find(query.machine).id;
        const template = query.template === undefined ? undefined : templates.find(query.template).id;
        const found = (await workflows.list()).filter(
          (record) =>
            (query.state === undefined || record.state === query.state) &&
            (template === undefined || record.template === template) &&
            (machine === undefined || [...record.actions, ...record.services].some((each) => each.machine === machine)),
        );
        const { data: records, next } = pageOf(found, byAge, query);
        return { data: records.map(present), next };
      },
    ),
    operation(
      {
        id: 'createWorkflow',
        method: 'post',
        path: '/workflows',
        summary: 'Render a template for the machines it names, and queue it on them.',
        body: { kind: 'json', shape: newWorkflow, limit: '4mb' },
        answer: { kind: 'json', shape: data(workflow), status: 201 },
        codes: ['NOT_FOUND', 'CONFLICT'],
      },
      async ({ body }) => {
        const { template, hardware, secrets } = body;
        return { data: present(await workflows.create({ template, devices: hardware, secrets })) };
      },
    ),
    operation(
      {
        id: 'getWorkflow',
        method: 'get',
        path: '/workflows/:id',
        summary: 'One workflow, with every action and service.',
        answer: { kind: 'json', shape: data(workflow) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      ({ params, conditions }) => {
        const record = workflows.get(params.id);
        conditions.shows(record);
        return { data: present(record) };
      },
    ),
    operation(
      {
        id: 'deleteWorkflow',
        method: 'delete',
        path: '/workflows/:id',
        summary: 'Delete a workflow with its history; the worker of a running one is told to stop.',
        answer: { kind: 'json', shape: data(workflow) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      async ({ params, conditions }) => ({
        data: presentWorkflow(await workflows.delete(params.id, conditions.allow), undefined),
      }),
    ),
    control('cancel', 'Stop a workflow for good: what runs is stopped, and its services too.'),
    control('pause', 'Begin nothing more until it is resumed; what runs goes on.'),
    control('resume', 'Go on with a paused workflow.'),
    operation(
      {
        id: 'retryWorkflow',
        method: 'post',
        path: '/workflows/:id/retry',
        summary: 'Go on with a workflow that has ended, from the action that did not succeed.',
        body: { kind: 'json', shape: retryBody, limit: '64kb' },
        answer: { kind: 'json', shape: data(workflow) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      (call) => tell(call, { command: 'retry', from: positionOf(workflows.get(call.params.id), call.body.from) }),
    ),
    operation(
      {
        id: 'skipAction',
        method: 'post',
        path: '/workflows/:id/skip',
        summary: 'Leave an action out; one that runs is stopped.',
        body: { kind: 'json', shape: skipBody, limit: '64kb' },
        answer: { kind: 'json', shape: data(workflow) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      (call) => tell(call, { command: 'skip', action: positionOf(workflows.get(call.params.id), call.body.action) }),
    ),
  ];
}

/**
 * Position of an action by its name or position; a number written as text is a position where no action has that name.
 * @throws TinsmithError NOT_FOUND, also for a name that several have
 */
export function positionOf(record: Workflow, wanted: string | number | undefined): number | undefined {
  if (wanted === undefined) return undefined;
  const named = record.actions.flatMap(({ name, task }, i) =>
    name === wanted || `${task}/${name}` === wanted ? [i] : [],
  );
  if (named.length === 1) return named[0];
  if (named.length > 1) {
    throw new TinsmithError('NOT_FOUND', `Workflow ${record.id} has ${named.length} actions named ${wanted}.`, {
      next: `Give it as TASK/ACTION, or its position: ${named.join(' or ')}.`,
    });
  }
  const position = Number(wanted);
  if (Number.isInteger(position) && record.actions[position]) return position;
  throw new TinsmithError('NOT_FOUND', `Workflow ${record.id} has no action ${wanted}.`, {
    next: `Its actions are: ${record.actions.map(({ name }) => name).join(', ')}.`,
  });
}
