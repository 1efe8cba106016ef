/** The roles of the appliance: each starts by itself, and one that cannot start leaves the others up and says why. */
import type { Logger } from 'pino';
import type { RoleStatus } from '../api/types.ts';
import { messageOf, TinsmithError } from '../errors.ts';
import { portHolders } from './port-holder.ts';

/** What a role needs of the network, to find out who has it when it is taken. */
export interface Role {
  name: string;
  transport: 'udp' | 'tcp';
  ports: number[];
  /** Starts it. `bound` is said to people: `192.168.1.1:69 (eth0)`. */
  start(): Promise<{ bound: string[]; stop(): Promise<void> }>;
}

/** All roles with their states, in the order in which they were started. */
export class Roles {
  readonly #log: Logger;
  readonly #statuses: RoleStatus[] = [];
  readonly #stops: { name: string; stop(): Promise<void> }[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param why where it is off though nobody said so. */
  off(name: string, why?: TinsmithError): void {
    const problem = why && { code: why.code, message: why.message, next: why.next };
    this.#statuses.push({ name, state: 'off', bound: [], ...(problem && { problem }) });
    if (why) this.#log.info({ role: name }, `off: ${why.message}`);
  }

  async start(role: Role): Promise<void> {
    try {
      const { bound, stop } = await role.start();
      this.#stops.push({ name: role.name, stop });
      this.#statuses.push({ name: role.name, state: 'up', bound });
      this.#log.info({ role: role.name, bound }, 'started');
    } catch (error) {
      const told = explain(error, role);
      this.#statuses.push({
        name: role.name,
        state: 'failed',
        bound: [],
        problem: { code: told.code, message: told.message, next: told.next },
      });
      this.#log.error({ role: role.name, code: told.code }, `${told.message} ${told.next ?? ''}`);
    }
  }

  statuses(): RoleStatus[] {
    return [...this.#statuses];
  }

  /** Stops everything, last started first. Never rejects. */
  async stop(): Promise<void> {
    for (const { name, stop } of this.#stops.splice(0).reverse()) {
      await stop().catch((error: unknown) => this.#log.error({ role: name, err: error }, 'did not stop cleanly'));
    }
  }
}

function explain(error: unknown, { name, transport, ports }: Role): TinsmithError {
  const code = error instanceof TinsmithError ? error.code : (error as { code?: string }).code;
  switch (code) {
    case 'PORT_TAKEN':
    case 'EADDRINUSE': {
      const holders = ports.flatMap((port) =>
        portHolders(transport, port)
          .filter(({ pid }) => pid !== process.pid)
          .map((holder) => ({ port, ...holder })),
      );
      const [first] = holders;
      const who = holders
        .map(({ port, pid, command, address }) => `${address}:${port} is held by process ${pid} (${command})`)
        .join(', ');
      return new TinsmithError(
        'PORT_TAKEN',
        `${name} cannot start: ${who || `${transport.toUpperCase()} port ${ports.join(' or ')} is taken by a process that cannot be seen from here`}.`,
        {
          next: `${first ? `Stop it (kill ${first.pid}, or its service)` : 'Stop it'}, or give ${name} other ports or other interfaces; then start Tinsmith again.`,
          cause: error,
        },
      );
    }
    case 'EACCES':
    case 'EPERM':
    case 'FORBIDDEN':
      return new TinsmithError('FORBIDDEN', `${name} cannot start: port ${ports.join(', ')} is for root only.`, {
        next: 'Start Tinsmith as root (sudo), or give it the capability: setcap cap_net_bind_service,cap_net_raw+ep tinsmith',
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new TinsmithError('UNAVAILABLE', `${name} cannot start: ${messageOf(error)}.`, {
        next: 'Name an address that this computer has ("ip -brief address" lists them), or none; then start Tinsmith again.',
        cause: error,
      });
    default:
      return error instanceof TinsmithError
        ? error
        : new TinsmithError('UNAVAILABLE', `${name} cannot start: ${messageOf(error)}`, { cause: error });
  }
}
