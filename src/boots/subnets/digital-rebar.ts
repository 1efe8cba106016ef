/** Subnets as Digital Rebar writes them, in our writing. Pure. */
import { isIPv4 } from 'node:net';
import { addressNumber, dotted, netmaskOf } from '../../addresses.ts';
import { cidrText, lastOf, readCidr, startOf } from './addresses.ts';
import type { PathProblem } from './check.ts';
import { optionName, optionOf } from './option-table.ts';
import type { Written } from './option-values.ts';

/** Our writing, what of the other nothing is done with, and which of its keys ours come from. */
export interface Rewritten {
  value: Record<string, unknown>;
  unsupported: string[];
  problems: PathProblem[];
  keys: Readonly<Record<string, string>>;
}

/** In small letters, as keys count whatever their case for Go's JSON. */
const KEYS = [
  ...[
    'Name',
    'Description',
    'Subnet',
    'ActiveStart',
    'ActiveEnd',
    'ActiveLeaseTime',
    'ReservedLeaseTime',
    'NextServer',
  ],
  ...['Options', 'OnlyReservations', 'Proxy', 'Enabled', 'Strategy', 'Pickers', 'Unmanaged'],
] as const;
type Key = (typeof KEYS)[number];
const BY_LOWER = new Map(KEYS.map((key) => [key.toLowerCase(), key]));

/** Digital Rebar's own bookkeeping: it says nothing of what the subnet is to be. */
const BOOKKEEPING: ReadonlySet<string> = new Set([
  ...['validated', 'available', 'errors', 'readonly', 'endpoint', 'bundle', 'partialed', 'partial', 'meta'],
  ...['documentation', 'createdat', 'createdby', 'lastmodifiedat', 'lastmodifiedby'],
]);

/** Keys of ours, and those that they are made of. */
const MADE_OF = {
  ...{ name: 'Name', description: 'Description', network: 'Subnet', ranges: 'ActiveStart', mode: 'Pickers' },
  ...{ leaseTime: 'ActiveLeaseTime', longestLease: 'ActiveLeaseTime', enabled: 'Enabled' },
  ...{ routers: 'Options', dns: 'Options', ntp: 'Options', domain: 'Options', search: 'Options', mtu: 'Options' },
  options: 'Options',
} as const;

/** Fields of ours that options have, by their numbers. */
const FIELDS: Readonly<Record<number, 'routers' | 'dns' | 'ntp' | 'domain' | 'search' | 'mtu'>> = {
  ...{ 3: 'routers', 6: 'dns', 15: 'domain', 26: 'mtu', 42: 'ntp', 119: 'search' },
};
/** What is done here too: the address asked for, else one never given, else the one whose lease ended first. */
const OUR_PICKERS = 'hint,nextFree,mostExpired';

/** Whether a map is one of Digital Rebar's subnets: its keys begin with capitals. */
export function isDigitalRebars(input: Record<string, unknown>): boolean {
  return ['Subnet', 'ActiveStart', 'Name'].some((key) => key in input);
}

/** Brings one of Digital Rebar's subnets into our writing. */
export function fromDigitalRebar(input: Record<string, unknown>): Rewritten {
  const problems: PathProblem[] = [];
  const unsupported: string[] = [];
  const given = new Map<Key, unknown>();
  for (const [written, value] of Object.entries(input)) {
    const key = BY_LOWER.get(written.toLowerCase());
    if (key !== undefined && value !== null) given.set(key, value);
    else if (key === undefined && !BOOKKEEPING.has(written.toLowerCase()))
      problems.push({ path: [written], message: `unknown key "${written}"; known are ${KEYS.join(', ')}` });
  }
  const truth = (key: Key): boolean => {
    const value = given.get(key) ?? false;
    if (typeof value !== 'boolean') problems.push({ path: [key], message: 'must be true or false' });
    return value === true;
  };
  const pickers = textsOf(given.get('Pickers'));
  const onlyReserved = truth('OnlyReservations') || pickers.includes('none');
  const isProxy = truth('Proxy');
  if (truth('Unmanaged')) unsupported.push('Unmanaged: machines are booted wherever their address comes from');
  if (!isNothing(given.get('NextServer')) && given.get('NextServer') !== '0.0.0.0')
    unsupported.push('NextServer: machines boot from this appliance');
  const strategy = given.get('Strategy');
  if (!isNothing(strategy) && strategy !== 'MAC') unsupported.push('Strategy: clients are known by their MAC address');
  if (pickers.length > 0 && !pickers.includes('none') && pickers.join() !== OUR_PICKERS)
    unsupported.push(`Pickers: addresses are picked by ${OUR_PICKERS}`);
  const ranges = rangeOf(given, problems);
  const { leaseTime, ...lease } = leaseOf(given, onlyReserved);
  unsupported.push(...lease.unsupported);
  const network = networkOf(given.get('Subnet'));
  if (network !== given.get('Subnet'))
    unsupported.push(`the last part of Subnet ${String(given.get('Subnet'))}: the network is ${String(network)}`);
  const options = optionsOf(given, network, problems, unsupported);
  const value = {
    name: given.get('Name'),
    description: given.get('Description'),
    network,
    mode: isProxy ? 'proxy' : onlyReserved || ranges === undefined ? 'reservation' : 'pool',
    ranges,
    leaseTime,
    ...options,
    // What is not there is false for Go.
    enabled: truth('Enabled'),
  };
  return { value, unsupported, problems, keys: MADE_OF };
}

/** Digital Rebar writes an address of the network in its place too, such as its router's. */
function networkOf(written: unknown): unknown {
  const [, address = '', digits = ''] = /^(\S+)\/(\d{1,2})$/.exec(typeof written === 'string' ? written : '') ?? [];
  const prefix = Number(digits);
  if (!isIPv4(address) || digits === '' || prefix > 32) return written;
  return cidrText({ start: startOf(addressNumber(address), prefix), prefix });
}

function rangeOf(given: ReadonlyMap<Key, unknown>, problems: PathProblem[]): string[] | undefined {
  const ends = (['ActiveStart', 'ActiveEnd'] as const).map((key) => {
    const value = given.get(key);
    if (isNothing(value) || value === '0.0.0.0') return undefined;
    if (typeof value === 'string' && isIPv4(value)) return value;
    problems.push({ path: [key], message: 'is not an IPv4 address such as 192.168.1.100' });
    return undefined;
  });
  const [first, last] = ends;
  return first === undefined || last === undefined ? undefined : [`${first}-${last}`];
}

/** One time counts for all of a subnet here, whoever is reserved an address. */
function leaseOf(given: ReadonlyMap<Key, unknown>, onlyReserved: boolean) {
  const time = (key: Key): unknown => (given.get(key) === 0 ? undefined : given.get(key));
  const [active, reserved] = [time('ActiveLeaseTime'), time('ReservedLeaseTime')];
  if (onlyReserved) return { leaseTime: reserved ?? active, unsupported: [] };
  const differs = reserved !== undefined && reserved !== active;
  const why = 'ReservedLeaseTime: a lease is as long with a reservation; a machine’s own lease_time counts before it';
  return { leaseTime: active ?? reserved, unsupported: differs && active !== undefined ? [why] : [] };
}

function optionsOf(
  given: ReadonlyMap<Key, unknown>,
  network: unknown,
  problems: PathProblem[],
  unsupported: string[],
): object {
  const list = given.get('Options') ?? [];
  if (!Array.isArray(list)) {
    problems.push({ path: ['Options'], message: 'must be a list of options, each with Code and Value' });
    return {};
  }
  const fields: Record<string, unknown> = {};
  const options: Record<string, Written> = {};
  for (const [index, each] of (list as unknown[]).entries()) {
    const path = ['Options', index];
    const { code, value } = optionIn(each);
    const name = `Options[${index}] (${optionName(code)})`;
    if (!Number.isInteger(code) || typeof value !== 'string')
      problems.push({ path, message: 'must have Code, a number, and Value, a text' });
    else if (value === '') continue;
    else if (value.includes('{{')) unsupported.push(`${name}: no templates are filled in`);
    else if (code === 1 || code === 28) {
      const expected = derived(code, network);
      if (expected !== undefined && expected !== value)
        problems.push({ path, message: `is ${value}, and the network has ${expected}` });
    } else if (FIELDS[code] !== undefined) {
      const field = FIELDS[code];
      fields[field] = field === 'mtu' ? Number(value) : field === 'domain' ? value : value.split(/[,\s]+/);
    } else {
      const option = optionOf(String(code));
      if (typeof option === 'string') unsupported.push(`${name}: ${option}`);
      else options[option.key] = value;
    }
  }
  return { ...fields, options };
}

function optionIn(each: unknown): { code: number; value: unknown } {
  if (typeof each !== 'object' || each === null) return { code: Number.NaN, value: undefined };
  const found = new Map(Object.entries(each).map(([key, value]) => [key.toLowerCase(), value as unknown]));
  const value = found.get('value');
  return { code: Number(found.get('code')), value: typeof value === 'number' ? String(value) : value };
}

/** What the network itself has as netmask (1) and broadcast address (28). */
function derived(code: number, network: unknown): string | undefined {
  const cidr = typeof network === 'string' ? readCidr(network) : '';
  if (typeof cidr === 'string') return undefined;
  return code === 1 ? netmaskOf(cidr.prefix) : dotted(lastOf(cidr));
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}
