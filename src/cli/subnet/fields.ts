/** The flags that say what a subnet is. */
import type { Argv } from 'yargs';
import { usage } from '../command.ts';

const several = (describe: string) =>
  ({ type: 'string', array: true, nargs: 1, describe: `${describe}; may be given several times` }) as const;
const one = (describe: string) => ({ type: 'string', nargs: 1, describe }) as const;

/** An empty text takes away what there is. */
export function fieldFlags<T>(yargs: Argv<T>) {
  return yargs
    .option('mode', {
      type: 'string',
      choices: ['reservation', 'proxy', 'pool', 'off'] as const,
      describe: 'Who is given addresses [pool with --range, else reservation]',
    })
    .option('range', several('Addresses for machines without a reservation, as 192.168.1.100-192.168.1.199'))
    .option('exclude', several('Address in a range, or a range in it, that nobody is given'))
    .option('router', several('Router'))
    .option('dns', several('Name server'))
    .option('ntp', several('Time server'))
    .option('domain', one('Domain name'))
    .option('search', several('Domain in which names are looked for'))
    .option('route', several('Route, as "10.0.0.0/8 via 192.168.1.254"'))
    .option('mtu', one('Largest packet'))
    .option('lease-time', one('How long an address is given, as 12h [1h]'))
    .option('shortest-lease', one('Shortest time that a client may ask for [2m]'))
    .option('longest-lease', one('Longest time that a client may ask for [1d]'))
    .option('interface', one('Only requests that come in by this interface'))
    .option('relay', several('Only requests by this relay, as giaddr=10.0.0.1,circuit-id=ge-0/0/1,remote-id=0x0a0b'))
    .option('option', several('Another DHCP option by number or name, as 150=10.0.0.1 or tz-posix=CET'))
    .option('description', one('For people'))
    .option('disable', { type: 'boolean', describe: 'Keep it, and answer nobody of it' })
    .option('enable', { type: 'boolean', describe: 'Serve it again' })
    .conflicts('enable', 'disable');
}

/** What `fieldFlags` gives. */
export interface Fields {
  mode?: string | undefined;
  range?: string[] | undefined;
  exclude?: string[] | undefined;
  router?: string[] | undefined;
  dns?: string[] | undefined;
  ntp?: string[] | undefined;
  domain?: string | undefined;
  search?: string[] | undefined;
  route?: string[] | undefined;
  mtu?: string | undefined;
  leaseTime?: string | undefined;
  shortestLease?: string | undefined;
  longestLease?: string | undefined;
  interface?: string | undefined;
  relay?: string[] | undefined;
  option?: string[] | undefined;
  description?: string | undefined;
  disable?: boolean | undefined;
  enable?: boolean | undefined;
}

/**
 * What flags say, as the API takes it: null for what is to be taken away. What is not said is not in it.
 * @throws TinsmithError USAGE
 */
export function fieldsOf(flags: Fields): Record<string, unknown> {
  const { range, router, route, relay, option, enable, disable } = flags;
  const fields = {
    mode: flags.mode,
    ranges: list(range),
    exclude: list(flags.exclude),
    routers: list(router),
    dns: list(flags.dns),
    ntp: list(flags.ntp),
    domain: text(flags.domain),
    search: list(flags.search),
    routes: list(route),
    mtu: flags.mtu === '' ? null : flags.mtu === undefined ? undefined : mtuOf(flags.mtu),
    leaseTime: text(flags.leaseTime),
    shortestLease: text(flags.shortestLease),
    longestLease: text(flags.longestLease),
    interface: text(flags.interface),
    relays: relay === undefined ? undefined : isNothing(relay) ? null : relay.map(relayOf),
    options: option === undefined ? undefined : isNothing(option) ? null : optionsOf(option),
    description: text(flags.description),
    enabled: enable ? true : disable ? false : undefined,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function text(value: string | undefined): string | null | undefined {
  return value === '' ? null : value;
}

/** Each may be several with commas between them. */
function list(values: string[] | undefined): string[] | null | undefined {
  if (values === undefined || isNothing(values)) return values && null;
  return values.flatMap((value) => value.split(',').map((part) => part.trim())).filter((part) => part !== '');
}

function isNothing(values: readonly string[]): boolean {
  return values.every((value) => value === '');
}

function mtuOf(value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw usage(`--mtu ${value} is no number of bytes.`, 'Write it like 1500.');
}

const RELAY_KEYS: ReadonlyMap<string, string> = new Map([
  ['giaddr', 'giaddr'],
  ['circuit-id', 'circuitId'],
  ['remote-id', 'remoteId'],
]);

function relayOf(value: string): Record<string, string> {
  // Ids of circuits have commas of their own at times: a part begins where a key does.
  const parts = value.split(/,(?=(?:giaddr|circuit-id|remote-id)=)/);
  return Object.fromEntries(
    parts.map((part) => {
      const at = part.indexOf('=');
      const key = RELAY_KEYS.get(part.slice(0, Math.max(at, 0)).trim());
      if (key === undefined)
        throw usage(`--relay ${value} is not understood.`, 'Write it like giaddr=10.0.0.1,circuit-id=ge-0/0/1.');
      return [key, part.slice(at + 1)];
    }),
  );
}

/** @throws TinsmithError USAGE, also for an option that is there twice: the second would take the place of the first */
function optionsOf(values: readonly string[]): Record<string, string | null> {
  const options: Record<string, string | null> = {};
  for (const [name, value] of values.map(optionOf)) {
    if (Object.hasOwn(options, name))
      throw usage(
        `--option ${name} is there twice.`,
        `Write several values with commas between: ${name}=10.0.0.1,10.0.0.2.`,
      );
    options[name] = value;
  }
  return options;
}

function optionOf(value: string): [string, string | null] {
  const at = value.indexOf('=');
  if (at < 1) throw usage(`--option ${value} is not understood.`, 'Write it like 150=10.0.0.1.');
  return [value.slice(0, at).trim(), text(value.slice(at + 1)) ?? null];
}
