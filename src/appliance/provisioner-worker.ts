/**
 * The worker named `provisioner`: runs services and actions on the appliance's own computer, where a Docker Engine is.
 * It is a worker like every other, over our own HTTP port, but it gets no power over the computer: no privileges, no
 * devices, no restart, and its services' ports are open to this computer only, for our reverse proxy.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { messageOf, TinsmithError } from '../errors.ts';
import { PROVISIONER } from '../machines/provisioner.ts';
import { VERSION } from '../version.ts';
import type { Disks } from '../worker/disks.ts';
import { dockerEngine } from '../worker/docker-engine.ts';
import { DOCKER_SOCKETS, runWorker, type WorkerParts } from '../worker/index.ts';
import type { Power } from '../worker/verbs.ts';
import type { Roles } from './roles.ts';
import type { Settings } from './settings.ts';

const NAME = 'provisioner-worker';
/** An engine that has not answered by then is none: other roles wait for this, ms. */
const PING_LIMIT = 3000;
/** After a worker that ended by a fault of ours, ms. */
const AGAIN = 5000;

/** The appliance's own disks are no business of a workflow's. */
const NO_DISKS: Disks = {
  counters: async () => ({}),
  dirtied: async () => undefined,
  bootable: async () => [],
};

/** No workflow restarts or stops the appliance. Templates that say so are refused before they come here. */
function noPower(log: Logger): Power {
  return {
    obstacle: async (verb) => `${verb} is refused on the appliance’s own computer`,
    async perform(verb) {
      log.error({ verb }, 'refused on the appliance’s own computer');
    },
  };
}

/** What it is started with. */
export interface ProvisionerWorker {
  settings: Pick<Settings, 'data' | 'provisioner' | 'dockerSocket' | 'httpAddress'>;
  /** The port that our HTTP server is bound to. */
  httpPort: number;
  issueToken(machine: string): Promise<string>;
  log: Logger;
  /** An engine of a test's own. */
  engine?: WorkerParts['engine'];
}

/** Starts it as a role, or says why there is none. Never rejects. */
export async function startProvisionerWorker(roles: Roles, around: ProvisionerWorker): Promise<void> {
  const { settings, log } = around;
  if (!settings.provisioner) {
    roles.off(NAME);
    return;
  }
  const sockets = settings.dockerSocket === undefined ? DOCKER_SOCKETS : [settings.dockerSocket];
  const engine = around.engine ?? dockerEngine({ sockets });
  const found = await within(PING_LIMIT, engine.ping()).then(
    (name) => ({ name }),
    (error: unknown) => ({ why: messageOf(error) }),
  );
  if ('why' in found) {
    const reason = new TinsmithError('UNAVAILABLE', `No Docker Engine answers on this computer: ${found.why}`, {
      next: 'Workflows with the worker `provisioner` need one: install Docker Engine, or name its socket with --docker-socket; then start again.',
    });
    roles.off(NAME, reason);
    return;
  }
  await roles.start({
    name: NAME,
    transport: 'tcp',
    ports: [],
    async start() {
      const token = await around.issueToken(PROVISIONER);
      const end = new AbortController();
      const ended = work({ ...around, engine }, token, log.child({ role: NAME }), end.signal);
      return {
        bound: [found.name],
        async stop() {
          end.abort();
          await ended;
        },
      };
    },
  });
}

/** Works until the signal is aborted. What runs then goes on running, and is the next worker's. Never rejects. */
async function work(around: ProvisionerWorker, token: string, log: Logger, signal: AbortSignal): Promise<void> {
  const { settings, httpPort, engine } = around;
  // The engine trusts registries without TLS on 127.0.0.0/8 only: images are pulled from here.
  const address = settings.httpAddress === '0.0.0.0' ? '127.0.0.1' : settings.httpAddress;
  while (!signal.aborted) {
    try {
      await runWorker(
        { server: `http://${address}:${httpPort}`, token, id: PROVISIONER, dockerSockets: [] },
        {
          version: VERSION,
          engine,
          say: (line) => log.info(line),
          directory: join(settings.data, 'provisioner'),
          privileged: false,
          publishOn: '127.0.0.1',
          disks: NO_DISKS,
          sync: async () => {},
          power: noPower(log),
          // It is no machine of ours.
          inventory: null,
          signal,
        },
      );
    } catch (error) {
      log.error({ err: error }, 'the worker failed; it is started again');
      await pause(AGAIN, signal);
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

async function within<T>(ms: number, asked: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it has not answered in ${ms / 1000} s`)), ms);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
