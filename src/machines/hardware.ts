/**
 * Hardware as the Tinkerbell CLI pushed it (`tink hardware push`): JSON with id, metadata and network. Every field is
 * kept, those that nothing here uses too; what is used is checked, and each problem names its field.
 */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { addressNumber } from '../addresses.ts';
import { type Problem, TinsmithError } from '../errors.ts';
import { NESTED_MAX, nestsTooDeep } from '../json.ts';
import { PROVISIONER } from './provisioner.ts';

const ipv4 = z.string().refine(isIPv4, 'is not an IPv4 address such as 192.168.1.51');
const hostAddress = ipv4.refine(isHostAddress, 'is an address that no machine can have');
const netmask = z
  .string()
  .refine((text) => isIPv4(text) && isContiguous(text), 'is not a netmask such as 255.255.255.0');
const mac = z
  .string()
  .regex(/^[0-9a-f]{2}([:-])[0-9a-f]{2}(\1[0-9a-f]{2}){4}$/i, 'is not a MAC address such as 52:54:00:00:00:01')
  .transform(normaliseMac)
  .refine((text) => (Number.parseInt(text.slice(0, 2), 16) & 1) === 0, 'is a multicast address, which no card has')
  .refine((text) => text !== '00:00:00:00:00:00', 'is all zeros, which no card has');
const hostname = z
  .string()
  .regex(
    /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i,
    'is not a host name',
  )
  .refine((text) => text.toLowerCase() !== PROVISIONER, 'is the name of the worker on the appliance itself');
const url = z
  .string()
  .refine((text) => /^https?:\/\/\S+$/.test(text) && URL.canParse(text), 'is not an http or https URL');
const servedName = z
  .string()
  .max(255)
  .refine(
    (text) => !text.startsWith('/') && !text.split('/').includes('..'),
    'is not the name of a loader, or of a file below the served ones',
  );

const address = z.looseObject({
  address: hostAddress,
  netmask: netmask.optional(),
  gateway: z.union([z.literal(''), ipv4]).optional(),
  family: z.literal(4, 'only family 4 (IPv4) is served').optional(),
});
const dhcp = z.looseObject({
  mac,
  hostname: z.union([z.literal(''), hostname]).optional(),
  lease_time: z.int().min(0).max(0xffff_ffff).optional(),
  name_servers: z.array(ipv4).nullable().optional(),
  time_servers: z.array(ipv4).nullable().optional(),
  domain_name: z.string().max(253).optional(),
  arch: z.string().optional(),
  uefi: z.boolean().optional(),
  iface_name: z.string().optional(),
  ip: address.optional(),
});
const netboot = z.looseObject({
  allow_pxe: z.boolean().optional(),
  allow_workflow: z.boolean().optional(),
  /** Ours, not Tinkerbell's: whether the firmware accepts signed loaders only. */
  secure_boot: z.boolean().optional(),
  ipxe: z
    .looseObject({
      url: z.union([z.literal(''), url]).optional(),
      contents: z.string().max(65_536).optional(),
      binary: z.union([z.literal(''), servedName]).optional(),
    })
    .optional(),
  osie: z
    .looseObject({ base_url: z.string().optional(), kernel: z.string().optional(), initrd: z.string().optional() })
    .optional(),
});
/** Hardware as it is pushed. */
export const hardware = z.looseObject({
  // Not z.uuid: ids made by hand need not carry a version (RFC 9562 section 4.2), and Tinkerbell took them.
  id: z.guid('must be set to a UUID').transform((text) => text.toLowerCase()),
  version: z.int().optional(),
  metadata: z
    .union([z.record(z.string(), z.unknown()), z.string().transform(parseMetadata)], 'is not a JSON object')
    .nullable()
    .optional(),
  network: z.looseObject({
    interfaces: z
      .array(z.looseObject({ dhcp, netboot: netboot.optional(), disableDhcp: z.boolean().optional() }))
      .min(1, 'needs at least one interface')
      .max(64),
  }),
});

const storable = hardware.refine((each) => !nestsTooDeep(each), `nests lists and maps more than ${NESTED_MAX} deep`);

/** Hardware after checking: MACs in lower case with colons, everything else as it was given. */
export type Hardware = z.infer<typeof hardware>;
export type HardwareInterface = Hardware['network']['interfaces'][number];

/** `52-54-00-AA-BB-CC` or `52:54:00:aa:bb:cc` to `52:54:00:aa:bb:cc`. */
export function normaliseMac(text: string): string {
  return text.toLowerCase().replaceAll('-', ':');
}

/** Whether a text is a MAC address, as {@link normaliseMac} writes them. */
export function isMac(text: string): boolean {
  return /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(text);
}

/**
 * Reads one piece of hardware JSON.
 * @param source what the problems are reported about, such as the file's name.
 * @throws TinsmithError INVALID_INPUT with every problem and its field.
 */
export function parseHardware(input: unknown, source = 'hardware'): Hardware {
  const parsed = storable.safeParse(input);
  const problems: Problem[] = parsed.success ? conflictsWithin(parsed.data) : parsed.error.issues.map(problemOf);
  if (!parsed.success || problems.length > 0) {
    throw new TinsmithError(
      'INVALID_INPUT',
      `${source} is not usable: ${problems.map((p) => `${p.field} ${p.message}`).join('; ')}.`,
      {
        next: 'Correct the fields named and push it again; nothing has been changed.',
        problems,
      },
    );
  }
  return parsed.data;
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  const field = issue.path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i ? '.' : ''}${String(part)}`))
    .join('');
  // A missing field reads better as such than as "expected string, received undefined".
  const message =
    issue.code === 'invalid_type' && /received undefined/.test(issue.message) ? 'is missing' : issue.message;
  return { field: field || 'the document', message };
}

function conflictsWithin(data: Hardware): Problem[] {
  const problems: Problem[] = [];
  const seen = { mac: new Map<string, number>(), address: new Map<string, number>() };
  data.network.interfaces.forEach(({ dhcp: { mac, ip } }, i) => {
    for (const [kind, value, field] of [
      ['mac', mac, 'mac'],
      ['address', ip?.address, 'ip.address'],
    ] as const) {
      if (value === undefined) continue;
      const before = seen[kind].get(value);
      if (before !== undefined)
        problems.push({
          field: `network.interfaces[${i}].dhcp.${field}`,
          message: `${value} is also that of interface ${before}`,
        });
      seen[kind].set(value, i);
    }
    if (ip?.netmask && isEndOfSubnet(ip.address, ip.netmask)) {
      problems.push({
        field: `network.interfaces[${i}].dhcp.ip.address`,
        message: `${ip.address} is the first or last address of its subnet (netmask ${ip.netmask}), which no machine can have`,
      });
    }
    if (ip?.gateway && ip.netmask && !sameSubnet(ip.address, ip.gateway, ip.netmask)) {
      problems.push({
        field: `network.interfaces[${i}].dhcp.ip.gateway`,
        message: `${ip.gateway} is not in the subnet of ${ip.address} with netmask ${ip.netmask}`,
      });
    }
  });
  return problems;
}

/** Whether two IPv4 addresses are in one subnet. */
export function sameSubnet(a: string, b: string, netmask: string): boolean {
  const mask = addressNumber(netmask);
  return (addressNumber(a) & mask) === (addressNumber(b) & mask);
}

/** Not of "this network", loopback, multicast, reserved or broadcast (RFC 6890). */
function isHostAddress(text: string): boolean {
  const [first = 0] = text.split('.').map(Number);
  return first > 0 && first !== 127 && first < 224;
}

/** The network's own address and its broadcast address; a /31 has neither (RFC 3021). */
function isEndOfSubnet(address: string, netmask: string): boolean {
  const host = ~addressNumber(netmask) >>> 0;
  const own = (addressNumber(address) & host) >>> 0;
  return host > 1 && (own === 0 || own === host);
}

function isContiguous(text: string): boolean {
  const inverted = ~addressNumber(text) >>> 0;
  return (inverted & (inverted + 1)) === 0;
}

function parseMetadata(text: string, context: z.RefinementCtx): Record<string, unknown> {
  // On Tinkerbell's wire metadata is JSON text in a string; files have the object itself.
  try {
    const value: unknown = text === '' ? {} : JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  context.addIssue({ code: 'custom', message: 'is not a JSON object' });
  return z.NEVER;
}

const KNOWN = {
  network: new Set(['interfaces']),
  interface: new Set(['dhcp', 'netboot']),
  dhcp: new Set(Object.keys(dhcp.shape)),
  ip: new Set(Object.keys(address.shape)),
  netboot: new Set(Object.keys(netboot.shape)),
};

/** Paths of fields under `network` that we do not know: kept, but perhaps misspelt. */
export function unknownFields(data: Hardware): string[] {
  const unknown = (known: Set<string>, object: object | undefined, path: string): string[] =>
    Object.keys(object ?? {}).flatMap((key) => (known.has(key) ? [] : [`${path}.${key}`]));
  const ofInterfaces = data.network.interfaces.flatMap((each, i) => {
    const path = `network.interfaces[${i}]`;
    return [
      ...unknown(KNOWN.interface, each, path),
      ...unknown(KNOWN.dhcp, each.dhcp, `${path}.dhcp`),
      ...unknown(KNOWN.ip, each.dhcp.ip, `${path}.dhcp.ip`),
      ...unknown(KNOWN.netboot, each.netboot, `${path}.netboot`),
    ];
  });
  return [...unknown(KNOWN.network, data.network, 'network'), ...ofInterfaces];
}
