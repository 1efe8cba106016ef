/** Machines, boot environments of the test's own, and the HTTP side of booting alone, on a free port of the loopback. */
import type { TestContext } from 'node:test';
import express from 'express';
import pino from 'pino';
import { problemHandler } from '../../src/api/problem-handler.ts';
import { bootFiles } from '../../src/boots/boot-files.ts';
import { BootScripts } from '../../src/boots/boot-scripts.ts';
import { BootTokens } from '../../src/boots/boot-tokens.ts';
import type { EnvironmentBoot, Environments, Filling } from '../../src/boots/environments.ts';
import { LoaderConfigs } from '../../src/boots/loader-configs/index.ts';
import type { BootLife } from '../../src/boots/plan.ts';
import { bootRoutes, noteSent } from '../../src/boots/routes.ts';
import { textRoutes } from '../../src/boots/text-routes.ts';
import { Texts } from '../../src/boots/texts.ts';
import { Trace } from '../../src/boots/trace.ts';
import { startHttp } from '../../src/http/index.ts';
import { type Machine, Machines } from '../../src/machines/machines.ts';
import { EventLog } from '../../src/store/index.ts';
import { hardware, macOf } from '../machines/examples.ts';
import { opened, temporaryDirectory } from '../store/opened.ts';

export const ADMINISTRATOR = 'administrator';

/** Environments as a test says them. */
export interface Said {
  lives: Map<string, BootLife>;
  boot: (machine: Machine, filling: Filling) => EnvironmentBoot;
  text: (machine: Machine, path: string, filling: Filling) => string | undefined;
}

/** Three machines, of which 1 and 2 are to boot environment `debian`, in stage `install`. */
export async function booting(t: TestContext) {
  const store = await opened(t);
  const time = { now: 1_000_000 };
  const clock = (): number => time.now;
  const machines = new Machines(store, await EventLog.open(store, clock), clock);
  const pushed = await machines.push([1, 2, 3].map((n) => hardware(n, { hostname: `machine-${n}` })));
  const filesDirectory = temporaryDirectory(t);
  const trace = new Trace(clock);
  const neighbours = new Map<string, string>();
  const said: Said = {
    lives: new Map(pushed.slice(0, 2).map(({ id }) => [id, { stage: 'install', bootEnv: 'debian' }])),
    boot: (_, { server }) => ({
      kernel: `${server}/bootenvs/debian/linux`,
      initrds: [`${server}/bootenvs/debian/initrd.gz`],
      bootParams: 'quiet',
      unusable: [],
    }),
    text: () => undefined,
  };
  const environments: Environments = {
    lifeOf: (machine) => said.lives.get(machine),
    loaderFor: () => undefined,
    askedBy: () => environments,
    verified: async () => {},
    isosOf: () => [],
    bootOf: (machine, filling) => said.boot(machine, filling),
    textOf: (machine, path, filling) => said.text(machine, path, filling),
  };
  const issued = new Map<string, string>();
  const tokens = new BootTokens({
    async issue(machine) {
      const token = `token-${issued.size + 1}`;
      issued.set(token, machine);
      return token;
    },
    machineOf: (token) => issued.get(token),
  });
  const network = { trace, neighbour: (address: string) => neighbours.get(address) };
  const texts = new Texts({ ...network, machines, environments, tokens });
  const log = pino({ level: 'silent' });
  const parts = {
    ...network,
    ...{ machines, filesDirectory, environments, texts },
    bootFiles: bootFiles({ osieDirectory: '/nowhere', executable: undefined, loader: () => undefined }),
    kernelArguments: ['console=ttyS1'],
    issueToken: (machine: string) => tokens.issue(machine),
    issueUnknownToken: async () => {
      throw new Error('nobody boots whom nobody knows');
    },
    isAdministrator: (req: express.Request) => req.get('authorization') === ADMINISTRATOR,
  };
  const scripts = new BootScripts(parts);
  const configs = new LoaderConfigs({ ...parts, scripts });
  const app = express();
  app.use(bootRoutes({ ...parts, scripts }));
  app.use(textRoutes({ ...parts, configs }));
  app.use((_req, res) => void res.status(404).json({ detail: 'nothing at all' }));
  app.use(problemHandler(log));
  const server = await startHttp({
    addresses: [{ address: '127.0.0.1', port: 0 }],
    app,
    onSent: (sent, about) => noteSent(trace, sent, about),
    log,
  });
  t.after(() => server.stop(0));
  const url = `http://127.0.0.1:${server.bound[0]?.port}`;
  /** As the machine with this number, or as one that nobody knows. */
  const get = async (n: number, path: string, init: RequestInit = {}) => {
    neighbours.set('127.0.0.1', macOf(n));
    const response = await fetch(url + path, init);
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const reasons = (n: number): string[] => trace.of(macOf(n)).map(({ outcome, reason }) => `${outcome} ${reason}`);
  return { ...parts, scripts, configs, said, tokens, issued, neighbours, url, get, reasons, time };
}

export type Booting = Awaited<ReturnType<typeof booting>>;
