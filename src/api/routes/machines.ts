/** `/api/v1/machines` */
import { z } from 'zod';
import { TinsmithError } from '../../errors.ts';
import { hardware, normaliseMac, unknownFields } from '../../machines/hardware.ts';
import type { Machine as MachineRecord } from '../../machines/machines.ts';
import { isNamed, type Operation, operation, pageOf } from '../openapi/index.ts';
import { presentMachine } from '../present.ts';
import { hasLife, presentLifeSummary } from '../present-life.ts';
import type { Services } from '../services.ts';
import { machine, machinesPushed, machinesQuery } from '../shapes/machine.ts';
import { data, page } from '../shapes/page.ts';
import type { Machine } from '../types.ts';

export function machineOperations({ machines, subnets, lives, lastSeen }: Services): Operation[] {
  const present = (record: MachineRecord): Machine => ({
    ...presentMachine(record, machines.work(record.id), lastSeen.of(record.id)),
    ...(hasLife(lives.get(record.id)) ? { life: presentLifeSummary(lives.view(record.id)) } : {}),
  });
  const warningsOf = (pushed: MachineRecord[]): string[] =>
    pushed.flatMap((record) => [
      ...unknownFields(record.hardware).map((field) => `${field} is not known here; it is kept and not used`),
      ...subnets.warningsOf(record),
    ]);
  return [
    operation(
      {
        id: 'listMachines',
        method: 'get',
        path: '/machines',
        summary: 'Machines, by id.',
        query: machinesQuery,
        answer: { kind: 'json', shape: page(machine) },
      },
      async ({ query }) => {
        const { name, mac } = query;
        const found = (await machines.list()).filter(
          (record) =>
            (name === undefined || isNamed(record.name, name)) &&
            (mac === undefined ||
              record.hardware.network.interfaces.some(({ dhcp }) => dhcp.mac === normaliseMac(mac))),
        );
        const { data: records, next } = pageOf(found, ({ id }) => id, query);
        return { data: records.map(present), next };
      },
    ),
    operation(
      {
        id: 'pushMachines',
        method: 'post',
        path: '/machines',
        summary: 'Add machines, or replace those with the same id: all of them or none.',
        body: { kind: 'json', shape: z.unknown(), described: z.union([hardware, z.array(hardware)]), limit: '4mb' },
        answer: { kind: 'json', shape: machinesPushed, status: 201 },
        codes: ['CONFLICT'],
      },
      async ({ body, conditions }) => {
        const pushed = await machines.push([body].flat(), conditions.allow);
        const shown = pushed.map(present);
        return { data: Array.isArray(body) || !shown[0] ? shown : shown[0], warnings: warningsOf(pushed) };
      },
    ),
    operation(
      {
        id: 'getMachine',
        method: 'get',
        path: '/machines/:reference',
        summary: 'One machine, by id, name, MAC or IP address.',
        answer: { kind: 'json', shape: data(machine) },
        codes: ['NOT_FOUND'],
        tagged: true,
      },
      ({ params, conditions }) => {
        const record = machines.find(params.reference);
        conditions.shows(record);
        return { data: present(record) };
      },
    ),
    operation(
      {
        id: 'replaceMachine',
        method: 'put',
        path: '/machines/:reference',
        summary: 'Replace the hardware data of a machine; its id stays.',
        body: { kind: 'json', shape: z.unknown(), described: hardware, limit: '4mb' },
        answer: { kind: 'json', shape: machinesPushed },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      async ({ params, body, conditions }) => {
        const { id } = machines.find(params.reference);
        const given = (body as { id?: unknown } | null)?.id;
        if (typeof given === 'string' && given.toLowerCase() !== id) {
          throw new TinsmithError('INVALID_INPUT', `The hardware data has the id ${given}; the machine is ${id}.`, {
            next: 'Give the machine’s own id, or push the data as another machine.',
            problems: [{ field: 'id', message: `is not ${id}` }],
          });
        }
        const [record] = await machines.push([body], conditions.allow);
        if (!record) throw new TinsmithError('INTERNAL', `Machine ${id} was not stored.`);
        conditions.shows(record);
        return { data: present(record), warnings: warningsOf([record]) };
      },
    ),
    operation(
      {
        id: 'deleteMachine',
        method: 'delete',
        path: '/machines/:reference',
        summary: 'Delete a machine that no workflow is waiting for.',
        answer: { kind: 'json', shape: data(machine) },
        codes: ['NOT_FOUND', 'CONFLICT'],
        tagged: true,
      },
      async ({ params, conditions }) => {
        const record = await machines.delete(params.reference, conditions.allow);
        return { data: presentMachine(record, { queue: [], ended: 0 }, undefined) };
      },
    ),
  ];
}
