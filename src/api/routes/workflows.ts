/** `/api/v1/workflows` */
import express, { Router } from 'express';
import { z } from 'zod';
import { TinsmithError } from '../../errors.ts';
import { readLog } from '../../workflows/logs.ts';
import { currentAction, isFinal, type Workflow } from '../../workflows/workflow.ts';
import { parseInput } from '../input.ts';
import { presentActionEvents, presentWorkflow } from '../present.ts';
import type { Services } from '../services.ts';
import type { ActionLog } from '../types.ts';
import type { LastSeen } from './worker.ts';

const newWorkflow = z.strictObject({
  template: z.string().min(1).max(200),
  hardware: z.record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is no name that a template can use'),
    z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.unknown())]),
  ),
});
const logQuery = z.object({ action: z.string().optional(), attempt: z.coerce.number().int().min(1).optional() });

export function workflowRoutes(services: Services, lastSeen: LastSeen): Router {
  const { workflows, machines, events, store, serverUrl } = services;
  const routes = Router();

  /** Why a workflow does not move, as far as can be told. */
  const waitsFor = (workflow: Workflow): string | undefined => {
    const action = workflow.actions[currentAction(workflow) ?? -1];
    if (!action || isFinal(workflow.state)) return undefined;
    const machine = machines.get(action.machine);
    if (!machine) return `machine ${action.machine} is gone`;
    const { queue } = machines.work(machine.id);
    if (queue[0] !== workflow.id) return `workflow ${queue[0]} is before it on ${machine.name}`;
    const silent = lastSeen.silentFor(machine.id);
    if (silent === undefined) return `machine ${machine.name} to boot: its worker has not been heard`;
    if (silent > 20) return `the worker of ${machine.name}, last heard ${Math.round(silent)} s ago`;
    return action.state === 'RUNNING' ? undefined : `the worker of ${machine.name} to begin action ${action.name}`;
  };
  const present = (workflow: Workflow) => presentWorkflow(workflow, waitsFor(workflow));

  routes.get('/', async (_req, res) => {
    res.json({ data: (await workflows.list()).map(present) });
  });
  routes.post('/', express.json({ limit: '1mb', type: () => true }), async (req, res) => {
    const { template, hardware } = parseInput(newWorkflow, req.body);
    const workflow = await workflows.create(template, hardware, (machine) => {
      const url = new URL(serverUrl(machine?.hardware.network.interfaces[0]?.dhcp.ip?.address));
      return { tinsmith: { url: url.origin, address: url.hostname, port: url.port } };
    });
    res.status(201).json({ data: present(workflow) });
  });
  routes.get('/:id', (req, res) => {
    res.json({ data: present(workflows.get(req.params.id)) });
  });
  routes.get('/:id/events', async (req, res) => {
    const { id } = workflows.get(req.params.id);
    res.json({ data: presentActionEvents(id, await events.ofWorkflow(id)) });
  });
  routes.get('/:id/logs', async (req, res) => {
    const workflow = workflows.get(req.params.id);
    const { action: wanted, attempt } = parseInput(logQuery, req.query);
    const chosen = workflow.actions.flatMap((action, i) =>
      wanted === undefined || wanted === action.name || wanted === String(i) ? [{ action, i }] : [],
    );
    if (chosen.length === 0) {
      throw new TinsmithError('NOT_FOUND', `Workflow ${workflow.id} has no action ${wanted}.`, {
        next: `Its actions are: ${workflow.actions.map(({ name }) => name).join(', ')}.`,
      });
    }
    const data: ActionLog[] = [];
    for (const { action, i } of chosen) {
      for (let n = attempt ?? 1; n <= (attempt ?? action.attempt); n++) {
        data.push({
          action: i,
          name: action.name,
          attempt: n,
          entries: await readLog(store, { workflow: workflow.id, action: i, attempt: n }),
        });
      }
    }
    res.json({ data });
  });
  routes.delete('/:id', async (req, res) => {
    res.json({ data: presentWorkflow(await workflows.delete(req.params.id), undefined) });
  });
  return routes;
}
