/** The whole HTTP side of an appliance on a free port of the loopback, with neighbours and a clock of the test's own. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import pino from 'pino';
import { createApp } from '../../src/api/app.ts';
import { directRoutes } from '../../src/api/direct.ts';
import type { PreviewDhcp } from '../../src/api/routes/explain.ts';
import type { Services } from '../../src/api/services.ts';
import { createStream } from '../../src/api/stream.ts';
import { adminToken, WorkerTokens } from '../../src/api/tokens.ts';
import { WorkerStream } from '../../src/api/worker-stream.ts';
import { openServedFiles } from '../../src/appliance/served-files.ts';
import { bootFiles } from '../../src/boots/boot-files.ts';
import { filesByPath } from '../../src/boots/file-routes.ts';
import { LeaseStore } from '../../src/boots/leases/index.ts';
import type { UnknownPolicy } from '../../src/boots/plan.ts';
import { processorSeen } from '../../src/boots/processor.ts';
import { noteSent } from '../../src/boots/routes.ts';
import { Subnets } from '../../src/boots/subnets/index.ts';
import { Trace } from '../../src/boots/trace.ts';
import { startHttp } from '../../src/http/index.ts';
import { Processors } from '../../src/life/processors.ts';
import { sealingKeys } from '../../src/life/seal.ts';
import { Served } from '../../src/life/served.ts';
import { macsOf } from '../../src/machines/machines.ts';
import { createRegistry, openImages } from '../../src/registry/index.ts';
import { Webhooks } from '../../src/webhooks/index.ts';
import { made } from '../workflows/made.ts';

export const KERNEL = Buffer.from('a kernel '.repeat(1000));

/** What the appliance serves. */
export const INTERFACES = [{ name: 'eth0', address: '192.168.1.2', netmask: '255.255.255.0' }];

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at what it expects
  json: any;
}

/**
 * @param options.osie false: there is nothing to boot.
 * @param options.environments true: machines boot those that they are in.
 */
export async function running(
  t: TestContext,
  options: { osie?: boolean; unknown?: UnknownPolicy; environments?: boolean; previewDhcp?: PreviewDhcp } = {},
) {
  const workerStream = new WorkerStream();
  const parts = await made(t, workerStream);
  const { directory, clock, events, machines } = parts;
  const osieDirectory = join(directory, 'osie');
  const filesDirectory = join(directory, 'files');
  const executable = join(directory, 'executable');
  for (const each of [osieDirectory, filesDirectory]) mkdirSync(each);
  writeFileSync(executable, 'the executable');
  if (options.osie !== false) {
    writeFileSync(join(osieDirectory, 'vmlinuz'), KERNEL);
    writeFileSync(join(osieDirectory, 'initrd.img'), Buffer.alloc(5000, 7));
  }
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const trace = new Trace(clock, (mac) => machines.byMac(mac) !== undefined);
  const images = await openImages(join(directory, 'images'));
  const neighbours = new Map<string, string>();
  const leases = await LeaseStore.open(parts.store, { reservedFor: () => undefined, isOurs: () => false }, clock);
  machines.leaseOf = (address) => leases.held(address);
  const { files, isos, environmentFiles } = await openServedFiles({ ...parts, log }, filesDirectory);
  const services: Services = {
    ...parts,
    sealingPublicKey: sealingKeys(directory).publicKey,
    workerStream,
    subnets: new Subnets({ ...parts, interfaces: INTERFACES }),
    trace,
    leases,
    stream: createStream(events, clock),
    webhooks: new Webhooks({ store: parts.store, events, clock, newId: randomUUID }),
    images,
    builtins: undefined,
    registry: createRegistry({ images }),
    bootFiles: bootFiles({
      osieDirectory,
      executable,
      loader: (name) => (name.endsWith('.efi') ? Buffer.from(`loader ${name}`) : undefined),
    }),
    files,
    isos,
    workerTokens: new WorkerTokens(parts.store),
    adminToken: adminToken(directory),
    startedAt: new Date(0).toISOString(),
    status: () => ({
      version: '0',
      commit: 'c',
      node: 'n',
      startedAt: '',
      state: 'ready',
      roles: [],
      dataDirectory: directory,
    }),
    serverUrl: () => 'http://10.0.0.1:8080',
    loaderChoice: {},
    neighbour: (address) => neighbours.get(address),
    log,
  };
  const { unknown, previewDhcp } = options;
  const { store, content } = parts;
  const environments = new Served({
    ...{ store, catalogue: () => content.catalogue(), files: environmentFiles },
    processors: new Processors({
      firmware: (machine) => processorSeen(trace, macsOf(machine)),
      inventory: ({ id }) => parts.discovery.inventories.of(id)?.inventory.architecture,
    }),
    open: (sealed) => sealed,
  });
  const booted = options.environments ? { environments } : {};
  const boot = { filesDirectory, kernelArguments: ['quiet'], unknown, previewDhcp, ...booted };
  const app = createApp(services, boot);
  const server = await startHttp({
    addresses: [{ address: '127.0.0.1', port: 0 }],
    app,
    direct: directRoutes(services),
    files: filesByPath({ filesDirectory, machines: services.machines, neighbour: services.neighbour }),
    onSent: (sent, about) => noteSent(trace, sent, about),
    log,
  });
  t.after(() => server.stop(0));
  const url = `http://127.0.0.1:${server.bound[0]?.port}`;

  /** One request. `token` '' is none; without it, the administrator's. */
  async function call(
    method: string,
    path: string,
    {
      token = services.adminToken,
      body,
      headers = {},
    }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const response = await fetch(url + path, {
      method,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      get json() {
        return JSON.parse(text);
      },
    };
  }
  return { ...services, ...parts, machines, services, url, call, logged, neighbours, filesDirectory, environments };
}

export type Running = Awaited<ReturnType<typeof running>>;

/** Fetches a machine's script as the machine itself. @returns the token in it. */
export async function tokenFor({ call, neighbours }: Running, mac: string): Promise<string> {
  neighbours.set('127.0.0.1', mac);
  const { text } = await call('GET', `/boot/${mac}/auto.ipxe`, { token: '' });
  return /tinsmith\.token=(\S+)/.exec(text)?.[1] ?? '';
}
