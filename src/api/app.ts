/** The HTTP application: boot files, registry, API. Everything is decided here; the bytes of files go out elsewhere. */
import express, { type Express, type Request, type Router } from 'express';
import { type BootScriptParts, BootScripts } from '../boots/boot-scripts.ts';
import type { BootTokens } from '../boots/boot-tokens.ts';
import type { LoaderConfigs } from '../boots/loader-configs/index.ts';
import { type BootRoutes, bootRoutes } from '../boots/routes.ts';
import { textRoutes } from '../boots/text-routes.ts';
import { TinsmithError } from '../errors.ts';
import { send } from '../http/index.ts';
import { administratorOnly, isAdministrator } from './access.ts';
import { mount } from './openapi/index.ts';
import { operationsOf } from './operations.ts';
import { problemHandler } from './problem-handler.ts';
import { documentRoutes } from './routes/documents.ts';
import type { PreviewDhcp } from './routes/explain.ts';
import { autoIpxeOf, serviceRoutes } from './routes/services.ts';
import { workerRoutes } from './routes/worker.ts';
import type { Services } from './services.ts';

/** What machines are booted with, beside the services. */
export interface BootOptions
  extends Pick<BootRoutes, 'filesDirectory' | 'environments' | 'texts'>,
    Pick<BootScriptParts, 'kernelArguments' | 'syslog' | 'unknown'> {
  /** What machines boot; made of the services by default. */
  scripts?: BootScripts;
  /** What DHCP would answer. */
  previewDhcp?: PreviewDhcp | undefined;
  /** Configuration of boot loaders other than iPXE. */
  configs?: Pick<LoaderConfigs, 'find'>;
}

/** @param gateway the REST paths of Tinkerbell, below `/v1` */
export function createApp(services: Services, { scripts, ...boot }: BootOptions, gateway?: Router): Express {
  const { machines, trace, registry, adminToken, log } = services;
  const app = express();
  app.disable('x-powered-by').disable('etag').set('query parser', 'simple');
  const admin = administratorOnly(adminToken);

  app.use(serviceRoutes(services));
  app.get('/healthz', (_req, res) => void res.json({ state: 'alive' }));
  app.get('/readyz', (_req, res) => {
    const { state, roles } = services.status();
    res
      .status(state === 'ready' ? 200 : 503)
      .json({ state, roles: roles.map(({ name, state: role }) => ({ name, state: role })) });
  });
  const isAdmin = (req: Request): boolean => isAdministrator(req, adminToken);
  app.use(
    bootRoutes({
      machines,
      trace,
      bootFiles: services.bootFiles,
      isos: services.isos,
      ...boot,
      scripts: scripts ?? bootScriptsOf(services, boot),
      isAdministrator: isAdmin,
      neighbour: services.neighbour,
    }),
  );
  app.get(/^\/v2(\/|$)/, (req, res) => {
    const sending = registry.handle(req.method, req.url, req.get('accept') ?? '');
    if (!sending) throw nothingAt(req);
    send(res, sending, undefined);
  });

  app.use('/api/v1/worker', workerRoutes(services, boot.unknown));
  const operations = operationsOf(services, boot);
  app.use(documentRoutes(operations));
  app.use('/api/v1', mount(operations, admin));
  app.use('/api/v1', admin);
  if (gateway) app.use('/v1', gateway);
  // Last: templates choose the paths of their texts themselves.
  app.use(textRoutes({ texts: boot.texts, configs: boot.configs, trace, isAdministrator: isAdmin }));
  app.use((req) => {
    throw nothingAt(req);
  });
  app.use(problemHandler(log));
  return app;
}

/** @param bootTokens makes the tokens of boots; those of the workers by default */
export function bootScriptsOf(
  services: Services,
  boot: Pick<BootScriptParts, 'kernelArguments' | 'syslog' | 'environments' | 'unknown'>,
  bootTokens: Pick<BootTokens, 'issue'> = services.workerTokens,
): BootScripts {
  const { machines, trace, neighbour, bootFiles, workerTokens } = services;
  const { kernelArguments, syslog, environments, unknown } = boot;
  return new BootScripts({
    ...{ machines, trace, neighbour, bootFiles, kernelArguments, syslog, environments, unknown },
    issueToken: (machine) => bootTokens.issue(machine),
    issueUnknownToken: (mac) => workerTokens.issueForUnknown(mac),
    autoIpxe: (machine) => autoIpxeOf(services, machine),
  });
}

function nothingAt({ method, path }: { method: string; path: string }): TinsmithError {
  return new TinsmithError('NOT_FOUND', `There is nothing at ${method} ${path}.`, {
    next: 'The paths that there are stand in /api/openapi.json.',
  });
}
