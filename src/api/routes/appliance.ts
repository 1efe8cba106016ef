/** `/api/v1/status`, `/api/v1/trace` and `/api/v1/preview`: what the appliance is, has heard, and would answer. */
import { z } from 'zod';
import { PREVIEW_TOKEN, scriptOf } from '../../boots/ipxe/scripts.ts';
import { plan } from '../../boots/plan.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { type Operation, operation } from '../openapi/index.ts';
import { presentTrace } from '../present.ts';
import type { Services } from '../services.ts';
import { preview, status, traceEntry, traceSummary } from '../shapes/appliance.ts';
import { data } from '../shapes/page.ts';
import { autoIpxeOf } from './services.ts';

/** @param boot.kernelArguments added to those of every kernel. */
export function applianceOperations(services: Services, boot: { kernelArguments: string[] }): Operation[] {
  const { machines, trace, serverUrl } = services;
  return [
    operation(
      {
        id: 'getStatus',
        method: 'get',
        path: '/status',
        summary: 'What the appliance serves, and what is wrong with it.',
        answer: { kind: 'json', shape: status },
      },
      () => services.status(),
    ),
    operation(
      {
        id: 'listTraces',
        method: 'get',
        path: '/trace',
        summary: 'The last thing heard of every MAC address.',
        answer: { kind: 'json', shape: data(z.array(traceSummary)) },
      },
      () => ({
        data: trace
          .newest()
          .map((entry) => ({ mac: entry.mac, machine: machines.byMac(entry.mac)?.name, last: presentTrace(entry) })),
      }),
    ),
    operation(
      {
        id: 'getTrace',
        method: 'get',
        path: '/trace/:mac',
        summary: 'What a MAC address asked for lately, what it was answered, and why.',
        answer: { kind: 'json', shape: data(z.array(traceEntry)) },
      },
      ({ params }) => ({ data: trace.of(normaliseMac(params.mac)).map(presentTrace) }),
    ),
    operation(
      {
        id: 'previewBoot',
        method: 'get',
        path: '/preview/:machine',
        summary: 'What a machine would boot if it asked now.',
        answer: { kind: 'json', shape: preview },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => {
        const machine = machines.find(params.machine);
        const mac = machine.hardware.network.interfaces[0]?.dhcp.mac ?? '';
        const autoIpxe = autoIpxeOf(services, machine.id);
        const decided = plan({ machine, mac, work: machines.work(machine.id), autoIpxe });
        const server = serverUrl(machine.hardware.network.interfaces[0]?.dhcp.ip?.address);
        const facts = { server, mac, token: PREVIEW_TOKEN, arguments: boot.kernelArguments };
        return {
          boot: decided.boot,
          reason: decided.reason,
          sentence: decided.sentence,
          script: decided.boot === 'nothing' ? undefined : scriptOf(decided, facts),
        };
      },
    ),
  ];
}
