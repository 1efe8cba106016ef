/** A subnet as people write it, in YAML, JSON or flags. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { addressNumber, dotted } from '../../addresses.ts';
import { cidrText, isHostAddress, readCidr, readRange } from './addresses.ts';
import { FOR_EVER, secondsOf } from './duration.ts';
import { optionOf } from './option-table.ts';
import { bytesOf, hexBytes, type Written } from './option-values.ts';

/** The shortest lease: below that, clients would do little else than renew it. s */
const LEAST_LEASE = 10;
const LIST_MAX = 100;

/** How a network is served, see docs/subnets.md. */
export const MODES = ['reservation', 'proxy', 'pool', 'off'] as const;

/** A text checked by a function that gives what is wrong with it, or its usual writing. */
function checked(read: (text: string) => { text: string } | string) {
  return z.string().transform((written, context) => {
    const found = read(written.trim());
    if (typeof found !== 'string') return found.text;
    context.addIssue({ code: 'custom', message: found });
    return z.NEVER;
  });
}

/** A list; a text is one with commas. */
function list<T extends z.ZodType>(item: T) {
  const split = (written: unknown): unknown =>
    typeof written === 'string' ? written.split(',').filter((part) => part.trim() !== '') : written;
  return z.preprocess(split, z.array(item).max(LIST_MAX)).optional();
}

const network = checked((text) => {
  const cidr = readCidr(text);
  if (typeof cidr === 'string') return cidr;
  if (cidr.prefix === 0 || !isHostAddress(cidr.start)) return `${text} is no network that machines can be on`;
  return { text: cidrText(cidr) };
});
const address = checked((text) => {
  if (!isIPv4(text)) return 'is not an IPv4 address such as 192.168.1.1';
  return isHostAddress(addressNumber(text)) ? { text } : 'is an address that no machine can have';
});
const range = checked((text) => {
  const found = readRange(text);
  if (typeof found === 'string') return found;
  return { text: found.first === found.last ? dotted(found.first) : `${dotted(found.first)}-${dotted(found.last)}` };
});
const domain = checked((text) => {
  const plain = text.replace(/\.$/, '').toLowerCase();
  const label = '[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?';
  return new RegExp(`^(?=.{1,253}$)${label}(\\.${label})*$`).test(plain) ? { text: plain } : 'is not a domain name';
});
const route = checked((text) => {
  const [, to = '', via = ''] = /^(\S+)\s+via\s+(\S+)$/.exec(text) ?? [];
  if (via === '') return 'is not a route such as 10.0.0.0/8 via 192.168.1.254';
  const cidr = readCidr(to === 'default' ? '0.0.0.0/0' : to);
  if (typeof cidr === 'string') return cidr.startsWith('is ') ? `${to} ${cidr}` : cidr;
  if (!isIPv4(via)) return `${via} is not an IPv4 address`;
  return { text: `${cidrText(cidr)} via ${via}` };
});
const lease = z
  .union([z.number(), z.string()], 'is not a span of time such as 90s, 12h or 30d')
  .transform((written, context) => {
    const seconds = secondsOf(written);
    if (seconds !== undefined && Number.isInteger(seconds) && seconds >= LEAST_LEASE && seconds <= FOR_EVER)
      return seconds;
    const message = `is not a span of time such as 90s, 12h or 30d, of ${LEAST_LEASE} s or more; or forever`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
/** Sub-options 1 and 2 of option 82 have at most 255 bytes. */
const agentId = checked((text) => {
  const bytes = idBytes(text);
  if (typeof bytes === 'string') return bytes;
  return bytes.length > 0 && bytes.length <= 255 ? { text } : 'must have 1 to 255 bytes';
});

const relay = z
  .strictObject({
    giaddr: address.optional(),
    circuitId: agentId.optional(),
    remoteId: agentId.optional(),
  })
  .refine((each) => Object.keys(each).length > 0, 'must name giaddr, circuitId or remoteId');

const options = z
  .record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.array(z.string())], {
      error: 'must be a text, a number, true or false, or a list of texts',
    }),
  )
  .transform((written, context) => {
    const found: Record<string, Written> = {};
    for (const [key, value] of Object.entries(written)) {
      const option = optionOf(key);
      const bytes = typeof option === 'string' ? option : bytesOf(option.type, value);
      if (typeof option === 'string' || typeof bytes === 'string')
        context.addIssue({ code: 'custom', path: [key], message: String(bytes) });
      else if (Object.hasOwn(found, option.key))
        context.addIssue({ code: 'custom', path: [key], message: `option ${option.code} is given twice` });
      else found[option.key] = value;
    }
    return found;
  });

/** A subnet as it is written. */
export const subnetWriting = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/, 'must be letters, digits, dots, - and _, 128 at most'),
  description: z.string().max(1000).optional(),
  /** `192.168.1.0/24`. */
  network,
  /** `pool` where there are ranges, else `reservation`. */
  mode: z.enum(MODES).optional(),
  /** `192.168.1.100-192.168.1.199`, of which machines without a reservation are given addresses. */
  ranges: list(range),
  /** Addresses, or ranges of them, that nobody is given. */
  exclude: list(range),
  routers: list(address),
  dns: list(address),
  ntp: list(address),
  domain: domain.optional(),
  search: list(domain),
  /** `10.0.0.0/8 via 192.168.1.254`; `via 0.0.0.0` is on the link itself. */
  routes: list(route),
  mtu: z.int().min(68, 'must be 68 to 65535').max(0xffff, 'must be 68 to 65535').optional(),
  /** Seconds, or as `12h`. */
  leaseTime: lease.optional(),
  shortestLease: lease.optional(),
  longestLease: lease.optional(),
  /** Only requests that come in there. */
  interface: z
    .string()
    .regex(/^[^\s/]{1,15}$/, 'is not the name of an interface')
    .optional(),
  /** Only requests that come by one of these. Ids are texts, or bytes as `0x0004`. */
  relays: z.array(relay).max(LIST_MAX).optional(),
  /** More options, by number or name. */
  options: options.optional(),
  enabled: z.boolean().optional(),
});

/** A subnet as it is kept: in its usual writing, times in seconds, without what says nothing. */
export type Subnet = z.infer<typeof subnetWriting> & { mode: (typeof MODES)[number] };

/** The bytes of an id of option 82 as it is written, or what is wrong with it. */
export function idBytes(written: string): Buffer | string {
  return /^0x/i.test(written) ? hexBytes(written) : Buffer.from(written, 'utf8');
}

/** The mode of a subnet for which none is chosen. */
export function followingMode({ ranges }: Pick<z.infer<typeof subnetWriting>, 'ranges'>): Subnet['mode'] {
  return ranges?.length ? 'pool' : 'reservation';
}

/** Adds the mode that follows, and leaves out what says nothing. */
export function tidy(parsed: z.infer<typeof subnetWriting>): Subnet {
  const { name, description, network, enabled, mode, ...rest } = parsed;
  const all = {
    name,
    description,
    network,
    mode: mode ?? followingMode(rest),
    ...rest,
    ...(enabled === false ? { enabled } : {}),
  };
  const says = (value: unknown): boolean =>
    value !== undefined && value !== '' && !(typeof value === 'object' && Object.keys(value ?? {}).length === 0);
  return Object.fromEntries(Object.entries(all).filter(([, value]) => says(value))) as Subnet;
}
