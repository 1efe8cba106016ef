/** `/api/v1/status`, `/api/v1/trace` and `/api/v1/preview`: what the appliance is, has heard, and would answer. */
import { z } from 'zod';
import type { Environments } from '../../boots/environments.ts';
import { ipxeScript } from '../../boots/ipxe/index.ts';
import { PREVIEW_TOKEN } from '../../boots/ipxe/scripts.ts';
import type { AutoIpxe, UnknownPolicy } from '../../boots/plan.ts';
import { planFor } from '../../boots/plan-for.ts';
import { processorOfCodes } from '../../boots/processor.ts';
import { TinsmithError } from '../../errors.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { type Operation, operation } from '../openapi/index.ts';
import { presentTrace } from '../present.ts';
import type { Services } from '../services.ts';
import { preview, status, traceEntry, traceSummary } from '../shapes/appliance.ts';
import { data } from '../shapes/page.ts';
import type { Preview } from '../types.ts';
import { explainOperations, type PreviewDhcp, subjectOf } from './explain.ts';
import { autoIpxeOf } from './services.ts';

/** @param boot.kernelArguments added to those of every kernel. */
export function applianceOperations(
  services: Services,
  boot: {
    kernelArguments: string[];
    syslog?: number | undefined;
    environments?: Environments | undefined;
    unknown?: UnknownPolicy | undefined;
    previewDhcp?: PreviewDhcp | undefined;
  },
): Operation[] {
  const { machines, trace, serverUrl } = services;
  const autoIpxe = (id: string): AutoIpxe | undefined => autoIpxeOf(services, id);
  const previewOf = async (reference: string, architecture?: number): Promise<Preview> => {
    const [mac = ''] = subjectOf(machines, reference).macs;
    const { plan, machine } = planFor({ machines, autoIpxe, ...boot }, mac);
    const shown = { boot: plan.boot, reason: plan.reason, sentence: plan.sentence };
    if (plan.boot === 'nothing') return shown;
    const { kernelArguments, syslog } = boot;
    const environments =
      architecture === undefined
        ? boot.environments
        : boot.environments?.askedBy(processorOfCodes([architecture], mac));
    const server = serverUrl(machine?.hardware.network.interfaces[0]?.dhcp.ip?.address);
    const facts = { server, mac, arguments: kernelArguments, syslog };
    try {
      const script = await ipxeScript({ plan, machine, facts, issue: async () => PREVIEW_TOKEN, environments });
      return { ...shown, script };
    } catch (error) {
      // Why there is no script is what was asked for.
      if (!(error instanceof TinsmithError)) throw error;
      return { ...shown, sentence: `${shown.sentence}, but: ${error.message.replace(/\.$/, '')}` };
    }
  };
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
        summary: 'What a machine, or a MAC address that nobody has, would boot if it asked now.',
        answer: { kind: 'json', shape: preview },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => previewOf(params.machine),
    ),
    ...explainOperations(services, boot, previewOf),
  ];
}
