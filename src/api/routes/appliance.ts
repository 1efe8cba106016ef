/** `/api/v1/status`, `/api/v1/trace` and `/api/v1/preview`: what the appliance is, has heard, and would answer. */
import { z } from 'zod';
import type { Environments } from '../../boots/environments.ts';
import { scriptOfEnvironment } from '../../boots/ipxe/environment.ts';
import { PREVIEW_TOKEN, scriptOf } from '../../boots/ipxe/scripts.ts';
import { plan, type UnknownPolicy } from '../../boots/plan.ts';
import { TinsmithError } from '../../errors.ts';
import { normaliseMac } from '../../machines/hardware.ts';
import { type Operation, operation } from '../openapi/index.ts';
import { presentTrace } from '../present.ts';
import type { Services } from '../services.ts';
import { preview, status, traceEntry, traceSummary } from '../shapes/appliance.ts';
import { data } from '../shapes/page.ts';
import type { Preview } from '../types.ts';
import { explainOperations, type PreviewDhcp } from './explain.ts';
import { autoIpxeOf } from './services.ts';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

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
  const previewUnknown = (mac: string): Preview => {
    const decided = plan(undefined, boot.unknown);
    const { boot: boots, reason, sentence } = decided;
    if (decided.boot === 'nothing' || decided.boot === 'environment') return { boot: boots, reason, sentence };
    const facts = {
      server: serverUrl(undefined),
      mac,
      token: PREVIEW_TOKEN,
      arguments: boot.kernelArguments,
      syslog: boot.syslog,
    };
    return { boot: boots, reason, sentence, script: scriptOf(decided, facts) };
  };
  const previewOf = async (reference: string): Promise<Preview> => {
    const unknown = normaliseMac(reference);
    if (MAC.test(unknown) && !machines.byMac(unknown)) return previewUnknown(unknown);
    const machine = machines.find(reference);
    const mac = machine.hardware.network.interfaces[0]?.dhcp.mac ?? '';
    const autoIpxe = autoIpxeOf(services, machine.id);
    const life = boot.environments?.lifeOf(machine.id);
    const decided = plan({ machine, mac, work: machines.work(machine.id), autoIpxe, life });
    const server = serverUrl(machine.hardware.network.interfaces[0]?.dhcp.ip?.address);
    const facts = { server, mac, token: PREVIEW_TOKEN, arguments: boot.kernelArguments, syslog: boot.syslog };
    const { boot: boots, reason, sentence } = decided;
    const shown = { boot: boots, reason, sentence };
    if (decided.boot === 'nothing') return shown;
    if (decided.boot !== 'environment') return { ...shown, script: scriptOf(decided, facts) };
    try {
      const token = async (): Promise<string> => PREVIEW_TOKEN;
      const { environment } = decided;
      const script = await scriptOfEnvironment(boot.environments, machine, environment, facts, token);
      return { ...shown, script };
    } catch (error) {
      // Why there is no script is what was asked for.
      if (!(error instanceof TinsmithError)) throw error;
      return { ...shown, sentence: `${sentence}, but: ${error.message.replace(/\.$/, '')}` };
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
