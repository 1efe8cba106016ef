/** Where a worker finds its settings: flags, then the environment, then the kernel's command line. Pure. */
import { z } from 'zod';
import { type Problem, TinsmithError } from '../errors.ts';

/** What a worker must know before it can ask its server. */
export interface WorkerSettings {
  /** `http://ADDRESS:PORT`, without a slash at its end. */
  server: string;
  /** The boot's token. */
  token: string;
  /** The machine: its MAC address, `52:54:00:12:34:56`. */
  id: string;
  /** Paths at which the engine's socket may be; the first that answers is used. */
  dockerSockets: string[];
  /** Boot environment that the machine is in; undefined: the in-memory system. */
  bootEnv?: string;
  /** Nobody knows the machine: the server is to be told first what it is made of. */
  discovers?: boolean;
  /** Port on which the server hears syslog; undefined: it does not. */
  syslogPort?: number;
  /** Where Jobs have their folders; undefined: beside those of the workflows. */
  jobsDirectory?: string;
}

/** Docker Engine's socket: /var/run is a link to /run on most systems, not on all. */
export const DOCKER_SOCKETS = ['/run/docker.sock', '/var/run/docker.sock'];

const NAMES = ['server', 'token', 'id', 'docker-socket', 'boot-env', 'jobs-directory'] as const;
type Name = (typeof NAMES)[number];

const SHAPES: Record<Exclude<Name, 'docker-socket'>, z.ZodType<string>> = {
  'boot-env': z
    .string()
    .max(255)
    .regex(/^[\x21-\x7e]+$/, 'must be one word, of at most 255 characters'),
  'jobs-directory': z.string().regex(/^\//, 'must be an absolute path'),
  server: z
    .url({ protocol: /^https?$/, error: 'must be a URL such as http://192.168.1.1:8080' })
    .transform((url) => url.replace(/\/+$/, '')),
  token: z.string().regex(/^[\x21-\x7e]+$/, 'must be one word'),
  id: z.string().min(1).max(64),
};

/**
 * Reads the worker's settings.
 * @param flags by flag name (`docker-socket` or `dockerSocket`), `undefined` where not given
 * @param environment `TINSMITH_SERVER`, `TINSMITH_TOKEN`, `TINSMITH_ID`, `TINSMITH_DOCKER_SOCKET`, `TINSMITH_BOOT_ENV`,
 *   `TINSMITH_JOBS_DIRECTORY`
 * @param kernelCommandLine `tinsmith.server=` and so on, by the names of the flags; BOOTIF (PXELINUX's
 *   variable, the network card that booted) stands in for the id; `tinsmith.discover`: nobody knows the machine;
 *   `tinsmith.syslog`: the port of the server's syslog
 * @throws TinsmithError USAGE, naming every setting that is missing or wrong, never the token's value
 */
export function workerSettings(sources: {
  flags: Readonly<Record<string, unknown>>;
  environment: Readonly<Record<string, string | undefined>>;
  kernelCommandLine: string;
}): WorkerSettings {
  const kernel = kernelArguments(sources.kernelCommandLine);
  const find = (name: Name): string | undefined => {
    const flag =
      sources.flags[name] ?? sources.flags[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())];
    const found = [
      flag,
      sources.environment[`TINSMITH_${name.replace('-', '_').toUpperCase()}`],
      kernel.get(`tinsmith.${name}`),
    ];
    return found.find((value): value is string => typeof value === 'string' && value !== '');
  };
  const problems: Problem[] = [];
  const take = (name: keyof typeof SHAPES, value: string | undefined): string => {
    const read = SHAPES[name].safeParse(value);
    if (read.success) return read.data;
    problems.push({
      field: name,
      message: value === undefined ? 'is missing' : (read.error.issues[0]?.message ?? 'is wrong'),
    });
    return '';
  };
  const server = take('server', find('server'));
  const token = take('token', find('token'));
  const id = normalMac(take('id', find('id') ?? bootInterface(kernel.get('BOOTIF'))));
  const given = (name: 'boot-env' | 'jobs-directory'): string | undefined => {
    const value = find(name);
    return value === undefined ? undefined : take(name, value);
  };
  const bootEnv = given('boot-env');
  const jobsDirectory = given('jobs-directory');
  if (problems.length > 0) {
    const which = problems.map(({ field, message }) => `${field} ${message}`).join(', ');
    throw new TinsmithError('USAGE', `The worker can't start: ${which}.`, {
      next: 'Give --server, --token and --id, or TINSMITH_SERVER and so on, or tinsmith.server= and so on to the kernel.',
      problems,
    });
  }
  const syslogPort = Number(kernel.get('tinsmith.syslog'));
  const socket = find('docker-socket');
  return {
    ...{ server, token, id, dockerSockets: socket === undefined ? DOCKER_SOCKETS : [socket] },
    ...(bootEnv === undefined ? {} : { bootEnv }),
    ...(kernel.has('tinsmith.discover') ? { discovers: true } : {}),
    ...(syslogPort > 0 && syslogPort < 65_536 ? { syslogPort } : {}),
    ...(jobsDirectory === undefined ? {} : { jobsDirectory }),
  };
}

/**
 * The kernel's arguments by name; the last of several counts. Double quotes keep spaces, around the value or around the
 * whole argument, as the kernel itself reads them (next_arg in lib/cmdline.c).
 */
export function kernelArguments(line: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [word] of line.matchAll(/(?:"[^"]*"?|[^\s"])+/g)) {
    const bare = word.replaceAll('"', '');
    const at = bare.indexOf('=');
    found.set(at === -1 ? bare : bare.slice(0, at), at === -1 ? '' : bare.slice(at + 1));
  }
  return found;
}

/** `01-52-54-00-12-34-56`: the hardware type (01: Ethernet) and the address. */
function bootInterface(value: string | undefined): string | undefined {
  const address = value?.match(/^(?:01-)?((?:[0-9a-f]{2}[-:]){5}[0-9a-f]{2})$/i)?.[1];
  return address === undefined ? undefined : normalMac(address);
}

function normalMac(id: string): string {
  return /^(?:[0-9a-f]{2}[-:]){5}[0-9a-f]{2}$/i.test(id) ? id.toLowerCase().replaceAll('-', ':') : id;
}
