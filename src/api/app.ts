/** The HTTP application: boot files, registry, API. Everything is decided here; the bytes of files go out elsewhere. */
import express, { type Express } from 'express';
import { PREVIEW_TOKEN, scriptOf } from '../boots/ipxe/scripts.ts';
import { plan } from '../boots/plan.ts';
import { bootRoutes } from '../boots/routes.ts';
import { TinsmithError } from '../errors.ts';
import { send } from '../http/index.ts';
import { normaliseMac } from '../machines/hardware.ts';
import { administratorOnly, isAdministrator } from './access.ts';
import { presentTrace } from './present.ts';
import { problemHandler } from './problem-handler.ts';
import { imageRoutes } from './routes/images.ts';
import { machineRoutes } from './routes/machines.ts';
import { templateRoutes } from './routes/templates.ts';
import { LastSeen, workerRoutes } from './routes/worker.ts';
import { workflowRoutes } from './routes/workflows.ts';
import type { Services } from './services.ts';
import type { Preview } from './types.ts';

export function createApp(services: Services, boot: { filesDirectory: string; kernelArguments: string[] }): Express {
  const { machines, trace, stream, registry, adminToken, serverUrl, log } = services;
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  const lastSeen = new LastSeen(services.clock);
  const admin = administratorOnly(adminToken);

  app.get('/healthz', (_req, res) => void res.json({ state: 'alive' }));
  app.get('/readyz', (_req, res) => {
    const { state, roles } = services.status();
    res
      .status(state === 'ready' ? 200 : 503)
      .json({ state, roles: roles.map(({ name, state: role }) => ({ name, state: role })) });
  });
  app.use(
    bootRoutes({
      machines,
      trace,
      bootFiles: services.bootFiles,
      ...boot,
      issueToken: (machine) => services.workerTokens.issue(machine),
      isAdministrator: (req) => isAdministrator(req, adminToken),
      neighbour: services.neighbour,
    }),
  );
  app.get(/^\/v2(\/|$)/, (req, res) => {
    const sending = registry.handle(req.method, req.url, req.get('accept') ?? '');
    if (!sending) throw new TinsmithError('NOT_FOUND', `There is nothing at ${req.path}.`);
    send(res, sending, undefined);
  });

  app.use('/api/v1/worker', workerRoutes(services, lastSeen));
  app.use('/api/v1', admin);
  app.get('/api/v1/status', (_req, res) => void res.json(services.status()));
  app.use('/api/v1/machines', machineRoutes(services, lastSeen));
  app.use('/api/v1/templates', templateRoutes(services));
  app.use('/api/v1/workflows', workflowRoutes(services, lastSeen));
  app.use('/api/v1/images', imageRoutes(services));
  app.get('/api/v1/events', (req, res) => stream.serve(req, res));
  app.get('/api/v1/trace', (_req, res) => {
    res.json({
      data: trace
        .newest()
        .map((entry) => ({ mac: entry.mac, machine: machines.byMac(entry.mac)?.name, last: presentTrace(entry) })),
    });
  });
  app.get('/api/v1/trace/:mac', (req, res) => {
    res.json({ data: trace.of(normaliseMac(req.params.mac)).map(presentTrace) });
  });
  app.get('/api/v1/preview/:machine', (req, res) => {
    const machine = machines.find(req.params.machine);
    const mac = machine.hardware.network.interfaces[0]?.dhcp.mac ?? '';
    const decided = plan({ machine, mac, work: machines.work(machine.id) });
    const server = serverUrl(machine.hardware.network.interfaces[0]?.dhcp.ip?.address);
    const facts = { server, mac, token: PREVIEW_TOKEN, arguments: boot.kernelArguments };
    res.json({
      boot: decided.boot,
      reason: decided.reason,
      sentence: decided.sentence,
      script: decided.boot === 'nothing' ? undefined : scriptOf(decided, facts),
    } satisfies Preview);
  });
  app.use((req) => {
    throw new TinsmithError('NOT_FOUND', `There is nothing at ${req.method} ${req.path}.`);
  });
  app.use(problemHandler(log));
  return app;
}
