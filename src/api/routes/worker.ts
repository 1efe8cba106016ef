/** `/api/v1/worker`: the worker's side, opened by the token of its boot and bound to its machine. */
import express, { type Request, Router } from 'express';
import { macBehind } from '../../boots/asker.ts';
import type { UnknownPolicy } from '../../boots/plan.ts';
import { TinsmithError } from '../../errors.ts';
import { remoteOf } from '../../http/index.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { interfaceOf, type Machine } from '../../machines/machines.ts';
import { PROVISIONER } from '../../machines/provisioner.ts';
import {
  DATA_VERSION_HEADER,
  type DataAnswer,
  dataQuery,
  dataUpdateQuery,
  type Hello,
  type HelloAnswer,
  hello,
  type InventoryAnswer,
  inventoryPost,
  type LogAnswer,
  type ParamsAnswer,
  type ParamsChanged,
  paramsQuery,
  type ServiceReportAnswer,
  type ServicesAnswer,
  serviceLogPost,
  serviceReport,
  servicesQuery,
} from '../../worker/protocol.ts';
import type { WorkerMachine } from '../../workflows/assignments.ts';
import type { ActionRecord } from '../../workflows/workflow.ts';
import { bearerOf } from '../access.ts';
import { readBody } from '../body.ts';
import { Dresser } from '../dress.ts';
import { parseInput } from '../input.ts';
import type { Services } from '../services.ts';
import { paramsBody } from '../shapes/life.ts';
import { workerCalls } from '../worker-calls.ts';
import { discoverRoutes } from './discover.ts';

/** @param unknown what becomes of machines that nobody knows */
export function workerRoutes(services: Services, unknown: UnknownPolicy = 'ignore'): Router {
  const { workflows, assignments, output, data, workerTokens, workerStream, trace, clock, log } = services;
  const { lives, content, sealingPublicKey } = services;
  const dresser = new Dresser(services);
  const calls = workerCalls(services);
  const routes = Router();
  const hostOf = (req: Request): string => req.get('host') ?? '';

  const machineOf = (req: Request): { machine: WorkerMachine & Partial<Machine>; token: string } =>
    calls.machineOf(bearerOf(req));

  /** A worker without a token that counts is of a machine whose boot goes no further. */
  const noteTurnedAway = (req: Request, error: unknown): void => {
    const { address: remote } = remoteOf(req);
    const mac = macBehind(services, services.machines, remote);
    if (mac === '' || !(error instanceof TinsmithError)) return;
    trace.note({
      ...{ mac, role: 'worker', what: 'hello', outcome: 'refused', reason: 'token-refused' },
      ...{ sentence: error.message, details: { remote } },
    });
  };

  const json = express.json({ limit: '8mb', type: () => true });
  routes.use(discoverRoutes(services, unknown));
  // Before a body is read: who has no token sends none.
  routes.use((req, _res, next) => {
    try {
      machineOf(req);
    } catch (error) {
      if (req.path === '/hello') noteTurnedAway(req, error);
      throw error;
    }
    next();
  });
  routes.use((req, res, next) => (req.path === '/data' ? next() : json(req, res, next)));

  /** Of two workers on one machine the first works on, as long as its stream is open; the streams of dead ones end. */
  const refuseSecond = ({ id, name }: WorkerMachine, { boot, agent }: Hello): void => {
    const { worker } = services.machines.work(id);
    if (agent === undefined || worker?.agent === undefined || worker.agent === agent || worker.boot !== boot) return;
    if (!workerStream.isOpen(id)) return;
    const since = new Date(worker.at).toISOString();
    throw new TinsmithError('CONFLICT', `Another worker works for machine ${name} since ${since} (${worker.agent}).`, {
      next: 'End it first, or leave the machine to it: two would run everything twice.',
    });
  };

  routes.post('/hello', async (req, res) => {
    const { machine, token } = machineOf(req);
    const said = parseInput(hello, req.body);
    const mac = normaliseMac(said.mac);
    const { hardware } = machine;
    if (hardware && !interfaceOf({ hardware }, mac)) {
      throw new TinsmithError('FORBIDDEN', `This token is for ${machine.name}, which has no card ${said.mac}.`, {
        next: 'Start the worker with the MAC address that its machine booted with, or leave --id away.',
      });
    }
    refuseSecond(machine, said);
    await workerTokens.settle(machine.id, token);
    await assignments.hello(machine, said);
    trace.note({
      mac,
      role: 'worker',
      what: 'hello',
      outcome: 'completed',
      reason: 'worker-heard',
      sentence: `the worker of ${machine.name} is there, ${said.uptime ?? '?'} s after its kernel started`,
      details: { version: said.version, boot: said.boot },
    });
    log.info({ machine: machine.name, boot: said.boot }, 'worker heard');
    res.json({ machine: { id: machine.id, name: machine.name }, time: clock() } satisfies HelloAnswer);
  });

  routes.post('/inventory', async (req, res) => {
    const { machine } = machineOf(req);
    await services.discovery.inventories.keep(machine.id, parseInput(inventoryPost, req.body).inventory);
    res.json({ kept: true } satisfies InventoryAnswer);
  });

  routes.get('/stream', (req, res) => {
    workerStream.serve(machineOf(req).machine.id, res);
  });

  routes.get('/services', async (req, res) => {
    const { machine } = machineOf(req);
    const { folders } = parseInput(servicesQuery, req.query);
    const wanted = await assignments.services(machine);
    res.json({
      services: wanted.map((each) => dresser.service(each, hostOf(req))),
      over: folders.filter((id) => assignments.isOver(id)),
    } satisfies ServicesAnswer);
  });

  routes.post('/service', async (req, res) => {
    const { machine } = machineOf(req);
    const said = parseInput(serviceReport, req.body);
    // The appliance's own computer is reached without its network; other machines by the address that they come from.
    const address = machine.id === PROVISIONER ? '127.0.0.1' : remoteOf(req).address;
    const endpoints =
      said.ports && Object.fromEntries(Object.entries(said.ports).map(([port, at]) => [port, `${address}:${at}`]));
    res.json((await assignments.service(machine, said, endpoints)) satisfies ServiceReportAnswer);
  });

  routes.post('/service-log', async (req, res) => {
    const { machine } = machineOf(req);
    const next = await output.serviceLog(machine, parseInput(serviceLogPost, req.body));
    res.json({ next } satisfies LogAnswer);
  });

  /** The action of this machine that a request about data is for. */
  const actionOf = (machine: WorkerMachine, id: string, index?: number): ActionRecord => {
    const { actions } = workflows.get(id);
    const own = actions.filter(({ machine: of }) => of === machine.id);
    const action = index === undefined ? own[0] : own.find((each) => each === actions[index]);
    if (!action) {
      throw new TinsmithError('FORBIDDEN', `Workflow ${id} has no such action for machine ${machine.name}.`, {
        next: 'A worker reads and writes the data of the workflows that it works in, no other.',
      });
    }
    return action;
  };

  routes.get('/data', (req, res) => {
    const { machine } = machineOf(req);
    const { workflow } = parseInput(dataQuery, req.query);
    actionOf(machine, workflow);
    const latest = data.read(workflow);
    res
      .set({ 'content-type': 'application/octet-stream', [DATA_VERSION_HEADER]: String(latest?.version ?? 0) })
      .send(latest?.bytes ?? Buffer.alloc(0));
  });

  routes.put('/data', async (req, res) => {
    const { machine } = machineOf(req);
    const { workflow, action: index, base } = parseInput(dataUpdateQuery, req.query);
    const action = actionOf(machine, workflow, index);
    const { limit } = data.rules(workflow);
    const bytes = await readBody(req, limit);
    const by = {
      name: `action ${action.name} (task ${action.task}) on ${machine.name}`,
      worker: machine.id,
      task: action.task,
      action: action.name,
    };
    res.json((await data.write(workflow, { bytes, base, by })) satisfies DataAnswer);
  });

  routes.get('/params', async (req, res) => {
    const { machine } = machineOf(req);
    const { name: names } = parseInput(paramsQuery, req.query);
    res.json({
      params: Object.fromEntries(await lives.openedForScript(machine.id, names)),
      secure: names.filter((name) => content.find('params', name)?.secure === true),
      sealingKey: sealingPublicKey,
    } satisfies ParamsAnswer);
  });

  routes.post('/params', async (req, res) => {
    const { machine } = machineOf(req);
    const { set = {}, unset = [] } = parseInput(paramsBody, req.body);
    await lives.setParams(machine.id, { set, unset });
    res.json({ set: Object.keys(set), unset } satisfies ParamsChanged);
  });

  for (const [name, question] of Object.entries(calls.questions)) {
    routes.get(`/${name}`, async (req, res) => {
      res.json(await question(machineOf(req).machine, req.query, hostOf(req)));
    });
  }
  for (const [name, call] of Object.entries(calls.calls)) {
    routes.post(`/${name}`, async (req, res) => void res.json(await call(machineOf(req).machine, req.body)));
  }
  return routes;
}
