/** `/api/v1/workflows/:id/…`: what a workflow has left behind: its actions' history, their output, its data. */
import { z } from 'zod';
import { TinsmithError } from '../../errors.ts';
import { readLog } from '../../workflows/logs.ts';
import type { Workflow } from '../../workflows/workflow.ts';
import { readBody } from '../body.ts';
import { type Operation, operation } from '../openapi/index.ts';
import { presentActionEvents, presentDataVersion } from '../present.ts';
import type { Services } from '../services.ts';
import {
  actionLog,
  DATA_VERSION,
  dataQuery,
  dataVersion,
  dataWriteQuery,
  dataWritten,
  logsQuery,
  serviceLog,
  workflowActionEvent,
} from '../shapes/history.ts';
import { data as dataOf } from '../shapes/page.ts';
import type { ActionLog, ServiceLog } from '../types.ts';
import { positionOf } from './workflows.ts';

export function workflowHistoryOperations({ workflows, events, store, data }: Services): Operation[] {
  const actionLogs = async (record: Workflow, wanted?: string, attempt?: number): Promise<ActionLog[]> => {
    const position =
      record.actions.filter(({ name }) => name === wanted).length > 1 ? undefined : positionOf(record, wanted);
    const chosen = record.actions.flatMap((action, i) =>
      wanted === undefined || i === position || action.name === wanted ? [{ action, i }] : [],
    );
    const logs: ActionLog[] = [];
    for (const { action, i } of chosen) {
      for (let n = attempt ?? 1; n <= (attempt ?? action.attempt); n++) {
        const entries = await readLog(store, { workflow: record.id, action: i, attempt: n });
        logs.push({ action: i, name: action.name, attempt: n, entries });
      }
    }
    return logs;
  };

  const serviceLogs = async (record: Workflow, wanted: string, start?: number): Promise<ServiceLog[]> => {
    const i = record.services.findIndex(({ name }, index) => name === wanted || String(index) === wanted);
    const service = record.services[i];
    if (!service) {
      const names = record.services.map(({ name }) => name).join(', ');
      throw new TinsmithError('NOT_FOUND', `Workflow ${record.id} has no service ${wanted}.`, {
        next: names ? `Its services are: ${names}.` : 'It has none.',
      });
    }
    const logs: ServiceLog[] = [];
    for (let n = start ?? 1; n <= (start ?? service.starts); n++) {
      const entries = await readLog(store, { workflow: record.id, service: i, start: n });
      if (entries.length > 0 || start !== undefined) logs.push({ service: i, name: service.name, start: n, entries });
    }
    return logs;
  };

  return [
    operation(
      {
        id: 'listWorkflowEvents',
        method: 'get',
        path: '/workflows/:id/events',
        summary: 'The history of its actions: a line each time that one begins, ends or is interrupted.',
        answer: { kind: 'json', shape: dataOf(z.array(workflowActionEvent)) },
        codes: ['NOT_FOUND'],
      },
      async ({ params }) => {
        const { id } = workflows.get(params.id);
        return { data: presentActionEvents(id, await events.ofWorkflow(id)) };
      },
    ),
    operation(
      {
        id: 'getWorkflowLogs',
        method: 'get',
        path: '/workflows/:id/logs',
        summary: 'The output of its actions, or of a service.',
        query: logsQuery,
        answer: { kind: 'json', shape: dataOf(z.array(z.union([actionLog, serviceLog]))) },
        codes: ['NOT_FOUND'],
      },
      async ({ params, query }) => {
        const record = workflows.get(params.id);
        const { action, attempt, service, start } = query;
        return {
          data:
            service === undefined
              ? await actionLogs(record, action, attempt)
              : await serviceLogs(record, service, start),
        };
      },
    ),
    operation(
      {
        id: 'getWorkflowData',
        method: 'get',
        path: '/workflows/:id/data',
        summary: 'The ephemeral data of a workflow, as its actions wrote it.',
        query: dataQuery,
        answer: {
          kind: 'written',
          types: { 'application/json': 'An object.', 'application/octet-stream': 'Data that is declared binary.' },
          headers: { [DATA_VERSION]: 'The version that this is; 0: there is none yet.' },
        },
        codes: ['NOT_FOUND'],
      },
      ({ params, query, res }) => {
        const { id, data: rules } = workflows.get(params.id);
        const found = data.read(id, query.version);
        if (!found && query.version !== undefined) {
          throw new TinsmithError('NOT_FOUND', `The data of workflow ${id} has no version ${query.version}.`, {
            next: `See which there are: tinsmith workflow data ${id} --history`,
          });
        }
        const type = rules.kind === 'json' ? 'application/json' : 'application/octet-stream';
        res.set({
          'content-type': type,
          [DATA_VERSION]: String(found?.version ?? 0),
          etag: `"${found?.version ?? 0}"`,
        });
        res.end(found?.bytes ?? (rules.kind === 'json' ? '{}' : ''));
      },
    ),
    operation(
      {
        id: 'putWorkflowData',
        method: 'put',
        path: '/workflows/:id/data',
        summary: 'Write a version of the data. What others wrote since `base` is merged, or it is refused.',
        query: dataWriteQuery,
        body: { kind: 'stream' },
        answer: { kind: 'json', shape: dataOf(dataWritten) },
        codes: ['NOT_FOUND', 'INVALID_INPUT', 'CONFLICT', 'DATA_CONFLICT'],
      },
      async ({ params, query, req }) => {
        const { id } = workflows.get(params.id);
        const bytes = await readBody(req, data.rules(id).limit);
        return { data: await data.write(id, { bytes, base: query.base, by: { name: 'an administrator' } }) };
      },
    ),
    operation(
      {
        id: 'listWorkflowDataVersions',
        method: 'get',
        path: '/workflows/:id/data/versions',
        summary: 'Who wrote its data, and when: every version, the oldest first.',
        answer: { kind: 'json', shape: dataOf(z.array(dataVersion)) },
        codes: ['NOT_FOUND'],
      },
      async ({ params }) => {
        const { id } = workflows.get(params.id);
        return { data: (await data.versions(id)).map(presentDataVersion) };
      },
    ),
  ];
}
