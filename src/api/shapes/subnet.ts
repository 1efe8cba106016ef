/** Subnets as the API shows them. */
import { z } from 'zod';
import { MODES } from '../../boots/subnets/index.ts';
import { instant } from './page.ts';

const relay = z.object({
  giaddr: z.string().optional().describe('Address of the relay agent.'),
  circuitId: z.string().optional().describe('Sub-option 1 of option 82: a text, or bytes as `0x0004`.'),
  remoteId: z.string().optional().describe('Sub-option 2 of option 82.'),
});

/** A subnet as it is written; lists may be texts with commas, times texts such as `12h`. */
export const subnetObject = z
  .object({
    name: z.string(),
    description: z.string().optional(),
    network: z.string().describe('`192.168.1.0/24`.'),
    mode: z.enum(MODES).optional().describe('`pool` where there are ranges, else `reservation`.'),
    ranges: z.array(z.string()).optional().describe('`192.168.1.100-192.168.1.199`.'),
    exclude: z.array(z.string()).optional().describe('Addresses, or ranges of them, that nobody is given.'),
    routers: z.array(z.string()).optional(),
    dns: z.array(z.string()).optional(),
    ntp: z.array(z.string()).optional(),
    domain: z.string().optional(),
    search: z.array(z.string()).optional(),
    routes: z.array(z.string()).optional().describe('`10.0.0.0/8 via 192.168.1.254`.'),
    mtu: z.int().optional(),
    leaseTime: z.number().optional().describe('Seconds.'),
    shortestLease: z.number().optional().describe('Seconds.'),
    longestLease: z.number().optional().describe('Seconds.'),
    interface: z.string().optional().describe('Only requests that come in there.'),
    relays: z.array(relay).optional().describe('Only requests that come by one of these.'),
    options: z
      .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]))
      .optional()
      .describe('More options, by number or name.'),
    enabled: z.boolean().optional().describe('Unless it is false.'),
  })
  .meta({ id: 'SubnetObject' });

export const subnet = z
  .object({
    name: z.string(),
    object: subnetObject,
    createdAt: instant,
    updatedAt: instant,
    gives: z
      .object({
        addresses: z.int().describe('How many there are for machines without a reservation.'),
        leases: z.object({ usual: z.number(), shortest: z.number(), longest: z.number() }).describe('Seconds.'),
        options: z.array(z.object({ code: z.int(), name: z.string(), value: z.string(), hex: z.string() })),
      })
      .optional()
      .describe('What a client is given that asks for nothing in particular; unset where clients are given nothing.'),
  })
  .meta({ id: 'Subnet' });
export type Subnet = z.infer<typeof subnet>;

/** Body of a change: some of the fields. */
export const subnetPatch = z.record(z.string(), z.unknown());

const told = {
  unsupported: z.array(z.string()).describe('What was taken, and nothing is done with.'),
  warnings: z.array(z.string()).describe('What may be a mistake.'),
};

/** Answer of `PUT` and `POST subnets/:name`. */
export const subnetPut = z.object({ data: subnet, created: z.boolean(), ...told }).meta({ id: 'SubnetPut' });
export type SubnetPut = z.infer<typeof subnetPut>;

/** Answer of `DELETE subnets/:name`. */
export const subnetDeleted = z.object({ data: subnet, warnings: told.warnings }).meta({ id: 'SubnetDeleted' });
