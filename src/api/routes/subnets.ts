/** `/api/v1/subnets`: the networks that are served. */
import type { Request } from 'express';
import { abandoned } from '../../boots/leases/index.ts';
import type { Put, SubnetRecord } from '../../boots/subnets/index.ts';
import { TinsmithError } from '../../errors.ts';
import { type Operation, operation, pageOf } from '../openapi/index.ts';
import { presentSubnet } from '../present-subnet.ts';
import type { Services } from '../services.ts';
import { data, page, pageQuery } from '../shapes/page.ts';
import { subnet, subnetDeleted, subnetObject, subnetPatch, subnetPut } from '../shapes/subnet.ts';
import type { Subnet, SubnetPut } from '../types.ts';

const MERGED = 'With `If-Match` only where it is as it was seen.';

export function subnetOperations({ subnets, leases, clock }: Services): Operation[] {
  const present = (record: SubnetRecord): Subnet => presentSubnet(record, subnets.networkNamed(record.subnet.name));
  const presentPut = ({ record, before, unsupported, warnings }: Put): SubnetPut => ({
    ...{ data: present(record), created: before === undefined, unsupported: [...unsupported] },
    warnings: [...warnings, ...leftBy(record.subnet.name)],
  });
  /** Clients that a change leaves without their addresses. */
  const leftBy = (name: string): string[] => {
    const { length } = abandoned(leases.leases.all(), name, subnets.networkNamed(name), clock());
    const who = length === 1 ? '1 client has an address' : `${length} clients have addresses`;
    return length === 0 ? [] : [`${who} of subnet ${name} that it does not give any more, and cannot renew that`];
  };
  return [
    operation(
      {
        id: 'listSubnets',
        method: 'get',
        path: '/subnets',
        summary: 'Subnets, by name.',
        query: pageQuery,
        answer: { kind: 'json', shape: page(subnet) },
      },
      ({ query }) => {
        const { data: records, next } = pageOf(subnets.list(), (record) => record.subnet.name, query);
        return { data: records.map(present), next };
      },
    ),
    operation(
      {
        id: 'getSubnet',
        method: 'get',
        path: '/subnets/:name',
        summary: 'One subnet, and what a client of it is given.',
        answer: { kind: 'json', shape: data(subnet) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      ({ params, conditions }) => {
        const record = subnets.get(params.name);
        conditions.shows(record);
        return { data: present(record) };
      },
    ),
    operation(
      {
        id: 'putSubnet',
        method: 'put',
        path: '/subnets/:name',
        summary: 'Make or replace a subnet, in our writing or in Digital Rebar’s. It counts from the next packet on.',
        description:
          'With `If-None-Match: *` it is made only where there is none, with `If-Match: *` replaced only where there is one.',
        body: { kind: 'json', shape: subnetPatch, described: subnetObject.partial({ name: true }), limit: '1mb' },
        answer: { kind: 'json', shape: subnetPut },
        tagged: true,
      },
      async ({ params, body, conditions, req }) => {
        const { name } = params;
        const [put] = await subnets.putAll([named(name, body)], (find) => {
          const before = find(name);
          if (before === undefined) refuseToMake(req, name);
          else {
            refuseToReplace(req, name);
            conditions.allow(before);
          }
        });
        if (!put) throw new TinsmithError('INTERNAL', `Subnet ${name} was not stored.`);
        conditions.shows(put.record);
        return presentPut(put);
      },
    ),
    operation(
      {
        id: 'updateSubnet',
        method: 'post',
        path: '/subnets/:name',
        summary: 'Change some fields of a subnet (RFC 7396): null takes one away.',
        description: MERGED,
        body: { kind: 'json', shape: subnetPatch, described: subnetObject.partial(), limit: '1mb' },
        answer: { kind: 'json', shape: subnetPut },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      async ({ params, body, conditions }) => {
        const put = await subnets.update(params.name, named(params.name, body), conditions.allow);
        conditions.shows(put.record);
        return presentPut(put);
      },
    ),
    operation(
      {
        id: 'deleteSubnet',
        method: 'delete',
        path: '/subnets/:name',
        summary: 'Delete a subnet.',
        description: MERGED,
        answer: { kind: 'json', shape: subnetDeleted },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      async ({ params, conditions }) => {
        const { record, warnings } = await subnets.delete(params.name, conditions.allow);
        return { data: present(record), warnings: [...warnings, ...leftBy(record.subnet.name)] };
      },
    ),
  ];
}

/** The input with its name in it. @throws TinsmithError INVALID_INPUT for another name than the path has */
function named(name: string, input: Record<string, unknown>): Record<string, unknown> {
  // Digital Rebar's writing has capitals.
  const key = 'Name' in input || 'Subnet' in input ? 'Name' : 'name';
  const own = input[key];
  if (own === undefined || own === '' || own === name) return { ...input, [key]: name };
  throw new TinsmithError('INVALID_INPUT', `The subnet is named ${String(own)}; its path says ${name}.`, {
    next: 'Give it one name. To call it otherwise, make another and delete this one.',
    problems: [{ field: key, message: `is not ${name}` }],
  });
}

/** @throws TinsmithError PRECONDITION_FAILED where only one that there is was to be replaced */
function refuseToMake({ headers }: Request, name: string): void {
  if (headers['if-match'] === undefined) return;
  throw new TinsmithError('PRECONDITION_FAILED', `There is no subnet ${name}.`, {
    next: 'See which there are, or leave If-Match out to make it: tinsmith subnet list',
  });
}

/** @throws TinsmithError PRECONDITION_FAILED where it was to be made only */
function refuseToReplace({ headers }: Request, name: string): void {
  if (headers['if-none-match'] !== '*') return;
  throw new TinsmithError('PRECONDITION_FAILED', `There is a subnet ${name} already.`, {
    next: 'Take another name, or change it: tinsmith subnet update',
  });
}
