/** `/api/v1/leases`: who was given which address in pool mode. */
import { z } from 'zod';
import { addressNumber } from '../../addresses.ts';
import { FOR_EVER, isActive, type Lease as LeaseRecord, noLease, type Quarantined } from '../../boots/leases/index.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { type Operation, operation, pageOf } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { type Lease, lease } from '../shapes/lease.ts';
import { data, page, pageQuery } from '../shapes/page.ts';

const STATES = lease.shape.state.options;

export function leaseOperations({ leases, machines, clock }: Services): Operation[] {
  const nameOf = (mac: string): string | undefined => machines.byMac(mac)?.name;
  const of = (address: string): Lease | undefined => {
    const now = clock();
    const quarantine = leases.leases.quarantineOf(address);
    if (quarantine !== undefined && quarantine.until > now) return presentQuarantine(address, quarantine, nameOf);
    const record = leases.leases.get(address);
    return record && present(record, now, nameOf);
  };
  const all = (): Lease[] => {
    const now = clock();
    const quarantined = leases.leases
      .quarantined(now)
      .map(({ address, why }) => presentQuarantine(address, why, nameOf));
    const kept = new Set(quarantined.map(({ address }) => address));
    const records = [...leases.leases.all()].filter(({ address }) => !kept.has(address));
    return [...records.map((each) => present(each, now, nameOf)), ...quarantined];
  };
  return [
    operation(
      {
        id: 'listLeases',
        method: 'get',
        path: '/leases',
        summary: 'Addresses that were given in pool mode, and those that are kept back, in the order of the addresses.',
        query: pageQuery.extend({
          state: z.enum(STATES).optional().describe('Only those.'),
          network: z.string().max(500).optional().describe('Only those of the network of this name.'),
          mac: z.string().max(17).optional().describe('Only those of this client.'),
        }),
        answer: { kind: 'json', shape: page(lease) },
      },
      ({ query }) => {
        const { state, network, mac } = query;
        const wanted = all().filter(
          (each) =>
            (state === undefined || each.state === state) &&
            (network === undefined || each.network === network) &&
            (mac === undefined || each.mac === normaliseMac(mac)),
        );
        return pageOf(wanted, ({ address }) => addressNumber(address).toString(16).padStart(8, '0'), query);
      },
    ),
    operation(
      {
        id: 'getLease',
        method: 'get',
        path: '/leases/:address',
        summary: 'Who has an address.',
        answer: { kind: 'json', shape: data(lease) },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => {
        const found = of(params.address);
        if (!found) throw noLease(params.address);
        return { data: found };
      },
    ),
    operation(
      {
        id: 'deleteLease',
        method: 'delete',
        path: '/leases/:address',
        summary: 'Forget a lease, or end a quarantine.',
        description:
          'Others may be given the address at once, so only do it where the client is gone. One that is still there keeps using it until it renews.',
        answer: { kind: 'json', shape: data(lease) },
        codes: ['NOT_FOUND'],
      },
      async ({ params }) => {
        const found = of(params.address);
        await leases.delete(params.address);
        if (!found) throw noLease(params.address);
        return { data: found };
      },
    ),
  ];
}

type NameOf = (mac: string) => string | undefined;

const iso = (ms: number): string => new Date(ms).toISOString();

function present(record: LeaseRecord, now: number, nameOf: NameOf): Lease {
  const { address, mac, network, hostname, start, renewed, end, isReleased } = record;
  const state = isActive(record, now) ? 'active' : isReleased ? 'released' : 'expired';
  return {
    ...{ address, state, mac, machine: nameOf(mac), hostname, network },
    ...{ startedAt: iso(start), renewedAt: iso(renewed), endsAt: end === FOR_EVER ? undefined : iso(end) },
  };
}

function presentQuarantine(address: string, { until, by, usedBy }: Quarantined, nameOf: NameOf): Lease {
  const mac = usedBy ?? by;
  return { address, state: 'quarantined', mac, machine: mac && nameOf(mac), endsAt: iso(until) };
}
