/** The parts of an appliance over a data directory, without those that need a network or OSIE. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import pino from 'pino';
import type { Services } from '../../src/api/services.ts';
import { createStream } from '../../src/api/stream.ts';
import { adminToken, WorkerTokens } from '../../src/api/tokens.ts';
import { WorkerStream } from '../../src/api/worker-stream.ts';
import { openServedFiles } from '../../src/appliance/served-files.ts';
import { bootFiles } from '../../src/boots/boot-files.ts';
import { LeaseStore } from '../../src/boots/leases/index.ts';
import { Subnets } from '../../src/boots/subnets/index.ts';
import { Trace } from '../../src/boots/trace.ts';
import { makeLife, openContent } from '../../src/life/index.ts';
import { open as openSealed, sealingKeys } from '../../src/life/seal.ts';
import { LastSeen } from '../../src/machines/last-seen.ts';
import { Machines } from '../../src/machines/machines.ts';
import { createRegistry, openImages } from '../../src/registry/index.ts';
import { EventLog, openStore } from '../../src/store/index.ts';
import { Webhooks } from '../../src/webhooks/index.ts';

/** What the routes are built on, as the appliance puts it together. */
export async function openParts(directory: string): Promise<Services> {
  const log = pino({ level: 'warn' }, process.stderr);
  const clock = (): number => Date.now();
  const store = await openStore(directory);
  const events = await EventLog.open(store, clock);
  const machines = new Machines(store, events, clock);
  const lastSeen = new LastSeen(clock);
  const workerStream = new WorkerStream();
  const stream = createStream(events, clock);
  const workerTokens = new WorkerTokens(store);
  const sealing = sealingKeys(directory);
  const content = await openContent({ store, events, clock });
  const { deadlines, ...workflowParts } = makeLife({
    ...{ store, events, machines, content, lastSeen, clock, log },
    values: () => ({}),
    around: {
      server: () => ({ url: 'http://127.0.0.1', address: '127.0.0.1', port: '80' }),
      processors: { of: () => ({ arch: 'amd64' }) },
      open: (sealed) => openSealed(sealing.privateKey, sealed),
      token: (transaction, machine, kind) => workerTokens.issueForTask(transaction, machine, kind === 'infinite'),
    },
    dataLimit: 10 << 20,
    wakes: {
      work: (machine) => workerStream.tell(machine, 'work'),
      services: (machine) => workerStream.tell(machine, 'services'),
      stop: (machine, notice) => workerStream.stop(machine, notice),
    },
    onLog: (output) => stream.tell({ kind: 'log', ...output }),
    newId: randomUUID,
  });
  await deadlines.start();
  const images = await openImages(join(directory, 'images'));
  const { files, isos } = await openServedFiles({ store, content, log }, directory);
  return {
    ...{ store, events, machines, content, lastSeen, workerStream, workerTokens, stream, images, clock, log },
    ...workflowParts,
    ...{ files, isos },
    sealingPublicKey: sealing.publicKey,
    subnets: new Subnets({ store, events, clock, machines, interfaces: [] }),
    trace: new Trace(clock),
    leases: await LeaseStore.open(store, { reservedFor: () => undefined, isOurs: () => false }, clock),
    webhooks: new Webhooks({ store, events, clock, newId: randomUUID }),
    builtins: undefined,
    registry: createRegistry({ images }),
    bootFiles: bootFiles({ osieDirectory: directory, executable: process.execPath, loader: () => undefined }),
    adminToken: adminToken(directory),
    startedAt: new Date().toISOString(),
    status: () => ({
      ...{ version: '', commit: '', node: process.version, startedAt: '', dataDirectory: directory },
      state: 'ready',
      roles: [],
    }),
    serverUrl: () => 'http://127.0.0.1',
    loaderChoice: {},
    neighbour: () => undefined,
  };
}
