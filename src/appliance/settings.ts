/** The appliance's settings: a flag wins over the environment, that over the settings file, that over the default. Pure. */
import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import { isMap, isScalar, LineCounter, type Node, parseDocument } from 'yaml';
import { z } from 'zod';
import { addressNumber } from '../addresses.ts';
import { SECURE_BOOT_POLICIES, type SecureBootPolicy } from '../boots/loaders.ts';
import { UNKNOWN_POLICIES, type UnknownPolicy } from '../boots/plan.ts';
import { parseBytes } from '../bytes.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import type { TlsFiles } from '../http/index.ts';
import type { KeepEvents } from '../store/retention.ts';
import { readLoaders } from './loader-settings.ts';

const port = z.preprocess(
  digits,
  z.int('is not a port, a whole number').min(0, 'is below 0').max(65_535, 'is above 65535'),
);
const count = z.preprocess(digits, z.int('is not a whole number').min(1, 'is below 1'));
const directory = z.string('is not a path').min(1, 'is empty');
const list = z.preprocess(parts, z.array(z.string().min(1, 'is empty'), 'is not a list'));
const addressRange = z.string('is not a range').transform((text, context) => {
  const [first = '', last = '', ...more] = text.split('-').map((part) => part.trim());
  if (isIPv4(first) && isIPv4(last) && more.length === 0) {
    if (addressNumber(first) <= addressNumber(last)) return { first, last };
    context.addIssue({ code: 'custom', message: 'is not a range: its first address is above its last' });
  } else context.addIssue({ code: 'custom', message: 'is not a range such as 192.168.1.100-192.168.1.200' });
  return z.NEVER;
});
const choice = <const T extends string>(...values: readonly T[]) =>
  z.enum(values, `is not one of ${values.join(', ')}`);

/** Each setting by the name of its flag, which is also its key in the settings file. */
const SHAPES = {
  data: directory.default('/var/lib/tinsmith'),
  interface: list.default([]),
  dhcp: choice('auto', 'reservation', 'proxy', 'pool', 'off').default('auto'),
  range: z.preprocess(parts, z.array(addressRange, 'is not a list')).default([]),
  'beside-other-dhcp': z.preprocess(onOff, choice('on', 'off')).default('off'),
  'dhcp-watch': z.preprocess(digits, z.int('is no whole number of seconds').min(0, 'is below 0')).default(300),
  unknown: choice(...UNKNOWN_POLICIES).default('ignore'),
  'dhcp-port': port.default(67),
  'proxy-dhcp-port': port.default(4011),
  tftp: z.preprocess(onOff, choice('on', 'off')).default('on'),
  'tftp-port': port.default(69),
  syslog: z.preprocess(onOff, choice('on', 'off')).default('on'),
  'syslog-port': port.default(514),
  'http-port': port.default(8080),
  'https-port': port.optional(),
  'http-address': z.string().refine(isIPv4, 'is not an IPv4 address').default('0.0.0.0'),
  osie: directory.optional(),
  files: directory.optional(),
  'kernel-argument': list.default([]),
  loader: list.default([]).transform((texts, context) => {
    const read = readLoaders(texts);
    if ('value' in read) return read.value;
    context.addIssue({ code: 'custom', message: `does not say a loader: ${read.problem}` });
    return z.NEVER;
  }),
  'secure-boot': z.preprocess(onOff, choice(...SECURE_BOOT_POLICIES)).default('auto'),
  'data-limit': z
    .string()
    .default('10MiB')
    .transform((text, context) => {
      const size = parseBytes(text);
      if ('value' in size) return size.value;
      context.addIssue({ code: 'custom', message: `is no size: ${size.problem}` });
      return z.NEVER;
    }),
  grpc: z.preprocess(onOff, choice('on', 'off')).default('on'),
  'grpc-port': port.default(42113),
  'grpc-admin': z.preprocess(onOff, choice('on', 'off')).default('off'),
  'grpc-trust': choice('hardware', 'any').default('hardware'),
  'tls-cert': directory.optional(),
  'tls-key': directory.optional(),
  'keep-events': count.default(1_000_000),
  'keep-events-days': count.default(30),
  provisioner: z.preprocess(onOff, choice('on', 'off')).default('on'),
  'docker-socket': directory.optional(),
  'log-level': choice('trace', 'debug', 'info', 'warn', 'error', 'silent').default('info'),
  'log-format': choice('pretty', 'json').default('pretty'),
};

type Name = keyof typeof SHAPES;
type Values = { [N in Name]: z.infer<(typeof SHAPES)[N]> };

/** The names of all settings, as their flags are written. */
export const SETTING_NAMES = Object.keys(SHAPES) as Name[];

/** The settings as the appliance uses them. */
export interface Settings {
  /** Data directory. */
  data: string;
  /** Interfaces to serve; none means every one that has an IPv4 address. */
  interfaces: string[];
  /** `auto`: what suits the network, by who else answers there. */
  dhcp: 'auto' | 'reservation' | 'proxy' | 'pool' | 'off';
  /** Addresses that are given in pool mode. */
  ranges: { first: string; last: string }[];
  /** Whether everyone is given addresses even where another server gives them too. */
  besideOtherDhcp: boolean;
  /** Seconds between looks for other DHCP servers; 0: only one, at the start. */
  dhcpWatch: number;
  /** What becomes of machines that nobody knows. */
  unknown: UnknownPolicy;
  dhcpPort: number;
  proxyDhcpPort: number;
  tftp: boolean;
  tftpPort: number;
  /** Port on which syslog is heard; undefined: it is not. */
  syslogPort: number | undefined;
  httpPort: number;
  /** HTTPS, where there is a certificate. */
  https: { port: number; files: TlsFiles } | undefined;
  /** Address that HTTP listens on. */
  httpAddress: string;
  /** Directory with the OSIE's kernel and initramfs, in place of the one beside the executable. */
  osie: string | undefined;
  /** Directory served over TFTP and below `/files/`, in place of `files` in the data directory. */
  files: string | undefined;
  /** Added to the kernel command line of the OSIE. */
  kernelArguments: string[];
  /** Boot loaders by code of DHCP option 93, in place of our choice. */
  loaders: ReadonlyMap<number, string>;
  secureBoot: SecureBootPolicy;
  /** Bytes of a workflow's ephemeral data, where its template says nothing. */
  dataLimit: number;
  /** Whether workflows may use this computer, where it has a Docker Engine, as the worker `provisioner`. */
  provisioner: boolean;
  /** The engine's socket, where it is not in its usual place. */
  dockerSocket: string | undefined;
  /** Tinkerbell's wire. */
  grpc: {
    on: boolean;
    port: number;
    /** Whether calls that change or show what is the administrator's need no token. */
    openAdministration: boolean;
    trust: 'hardware' | 'any';
    /** Files with the certificate and its key, PEM. */
    tls: { certificate: string; key: string } | undefined;
  };
  keepEvents: KeepEvents;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  logFormat: 'pretty' | 'json';
}

/** The directory that TFTP and HTTP serve. */
export const filesDirectoryOf = ({ files, data }: Pick<Settings, 'files' | 'data'>): string =>
  files ?? join(data, 'files');

/** The environment variable of a setting: `TINSMITH_DHCP_PORT`. */
export function variableOf(name: string): string {
  return `TINSMITH_${name.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * Reads the settings.
 * @param sources.flags by flag name, undefined where not given
 * @param sources.readFile reads the settings file, named by `--settings` or `TINSMITH_SETTINGS`
 * @throws TinsmithError INVALID_INPUT with every problem: the flag, the variable, or the place in the file
 */
export function readSettings(sources: {
  flags: Readonly<Record<string, unknown>>;
  environment: Readonly<Record<string, string | undefined>>;
  readFile: (path: string) => string;
}): Settings {
  const { flags, environment } = sources;
  const problems: Problem[] = [];
  const path = flags.settings ?? (environment.TINSMITH_SETTINGS || undefined);
  const file =
    typeof path === 'string' ? fileSettings(path, sources.readFile(path), problems) : new Map<string, Given>();
  const given = (name: Name): Given => {
    if (flags[name] !== undefined) return { value: flags[name], place: { field: `--${name}` } };
    const variable = environment[variableOf(name)];
    // An empty variable is one that was not set: a service file cannot unset.
    if (variable) return { value: variable, place: { field: variableOf(name) } };
    return file.get(name) ?? { value: undefined, place: { field: name } };
  };
  const values: Partial<Record<Name, unknown>> = {};
  for (const name of SETTING_NAMES) {
    const { value, place } = given(name);
    const read = SHAPES[name].safeParse(value);
    if (read.success) values[name] = read.data;
    else
      problems.push({
        ...place,
        message: `${place.line === undefined ? '' : `${name}: `}${shown(value)} ${read.error.issues[0]?.message ?? 'is wrong'}`,
      });
  }
  for (const [name, other] of [
    ['tls-cert', 'tls-key'],
    ['tls-key', 'tls-cert'],
  ] as const) {
    if (values[name] !== undefined && values[other] === undefined)
      problems.push({ ...given(name).place, message: `${name} is of no use without ${other}` });
  }
  if ((values as Values).range?.length > 0 && values.dhcp !== 'pool')
    problems.push({ ...given('range').place, message: 'range is of no use without dhcp pool' });
  if (values['https-port'] !== undefined && values['tls-cert'] === undefined)
    problems.push({ ...given('https-port').place, message: 'https-port is of no use without tls-cert and tls-key' });
  if (problems.length > 0) throw refusal(problems);
  return settingsOf(values as Values);
}

interface Given {
  value: unknown;
  place: Omit<Problem, 'message'>;
}

function settingsOf(values: Values): Settings {
  const { 'tls-cert': certificate, 'tls-key': key } = values;
  const tls = certificate === undefined || key === undefined ? undefined : { certificate, key };
  return {
    data: values.data,
    interfaces: values.interface,
    dhcp: values.dhcp,
    ranges: values.range,
    besideOtherDhcp: values['beside-other-dhcp'] === 'on',
    dhcpWatch: values['dhcp-watch'],
    unknown: values.unknown,
    dhcpPort: values['dhcp-port'],
    proxyDhcpPort: values['proxy-dhcp-port'],
    tftp: values.tftp === 'on',
    tftpPort: values['tftp-port'],
    syslogPort: values.syslog === 'on' ? values['syslog-port'] : undefined,
    httpPort: values['http-port'],
    https: tls && { port: values['https-port'] ?? 8443, files: tls },
    httpAddress: values['http-address'],
    osie: values.osie,
    files: values.files,
    kernelArguments: values['kernel-argument'],
    loaders: values.loader,
    secureBoot: values['secure-boot'],
    dataLimit: values['data-limit'],
    provisioner: values.provisioner === 'on',
    dockerSocket: values['docker-socket'],
    grpc: {
      on: values.grpc === 'on',
      port: values['grpc-port'],
      openAdministration: values['grpc-admin'] === 'on',
      trust: values['grpc-trust'],
      tls,
    },
    keepEvents: { count: values['keep-events'], days: values['keep-events-days'] },
    logLevel: values['log-level'],
    logFormat: values['log-format'],
  };
}

/** The settings in a file, by name, with their places; what is wrong with the file itself is added to the problems. */
function fileSettings(file: string, text: string, problems: Problem[]): Map<string, Given> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): { file: string; line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  for (const error of document.errors) problems.push({ field: '', message: error.message, ...placeAt(error.pos[0]) });
  const found = new Map<string, Given>();
  const { contents } = document;
  if (document.errors.length > 0 || contents === null) return found;
  if (!isMap(contents)) {
    problems.push({
      field: '',
      message: 'must be a map of settings, such as "dhcp: proxy"',
      ...placeAt((contents as Node).range?.[0] ?? 0),
    });
    return found;
  }
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : String(key);
    const place = { field: name, ...placeAt((key as Node).range?.[0] ?? 0) };
    if (!Object.hasOwn(SHAPES, name))
      problems.push({ ...place, message: `there is no setting ${name}; there are ${SETTING_NAMES.join(', ')}` });
    else if (value !== null) found.set(name, { value: (value as Node).toJS(document), place });
  }
  return found;
}

function refusal(problems: Problem[]): TinsmithError {
  return new TinsmithError('INVALID_INPUT', 'The settings are not usable.', {
    next: 'Correct what is named and start again. All settings: tinsmith up --help',
    problems,
  });
}

/** `a,b` is a list too. */
function parts(value: unknown): unknown {
  return typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
}

/** YAML reads `on` and `off` as themselves, but a person may write `true`. */
function onOff(value: unknown): unknown {
  return value === true ? 'on' : value === false ? 'off' : value;
}

function digits(value: unknown): unknown {
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
