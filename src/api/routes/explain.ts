/** `/api/v1/explain` and what belongs to it: why a machine did, or did not, boot, its boots, and what firmware would be answered. */
import { z } from 'zod';
import type { DhcpPacket, Outcome } from '../../boots/dhcp/index.ts';
import type { Environments } from '../../boots/environments.ts';
import { lastBoot, progressOf, stagesOf } from '../../boots/explain/index.ts';
import { discoverOf, type Field, type Firmware, fieldsOf, firmwareNamed, USUAL } from '../../boots/explain/preview.ts';
import type { UnknownPolicy } from '../../boots/plan.ts';
import { ownEntries } from '../../boots/played.ts';
import type { TracedBoot as TracedBootRecord } from '../../boots/trace.ts';
import { TinsmithError } from '../../errors.ts';
import { isMac, normaliseMac } from '../../machines/hardware.ts';
import { type Machines, macsOf } from '../../machines/machines.ts';
import { explaining, type Subject } from '../explain.ts';
import { type Operation, operation } from '../openapi/index.ts';
import { presentTrace } from '../present.ts';
import type { Services } from '../services.ts';
import { explained, firmwarePreview, tracedBoot } from '../shapes/explain.ts';
import { data } from '../shapes/page.ts';
import type { Explained, FirmwarePreview, Preview, TracedBoot } from '../types.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

/** What DHCP would answer to a packet, with nothing remembered of it; undefined: DHCP is off. */
export type PreviewDhcp = (packet: DhcpPacket) => Outcome | undefined;

export interface ExplainOptions {
  environments?: Environments | undefined;
  unknown?: UnknownPolicy | undefined;
  previewDhcp?: PreviewDhcp | undefined;
}

/** @param previewOf what a machine would boot now, with its script: for a code of option 93, as firmware of it would have it */
export function explainOperations(
  services: Services,
  boot: ExplainOptions,
  previewOf: (reference: string, architecture?: number) => Promise<Preview>,
): Operation[] {
  const { machines, trace, clock } = services;
  const { entriesOf, factsOf, explain } = explaining(services, boot);
  return [
    operation(
      {
        id: 'explainBoot',
        method: 'get',
        path: '/explain/:machine',
        summary:
          'Why a machine, or a MAC address that nobody has, did or did not boot: the first link that is missing.',
        answer: { kind: 'json', shape: data(explained) },
        codes: ['NOT_FOUND'],
      },
      ({ params }): { data: Explained } => {
        const subject = subjectOf(machines, params.machine);
        const facts = factsOf(subject);
        const { dueAt, evidence, ...told } = explain(subject);
        const { boot: boots, reason, sentence } = facts.plan as Preview;
        const stages = progressOf(lastBoot(entriesOf(subject)), facts)?.stages ?? [];
        return {
          data: {
            ...(subject.machine && { machine: { id: subject.machine.id, name: subject.machine.name } }),
            macs: subject.macs,
            ...told,
            ...(dueAt !== undefined && { dueAt: iso(dueAt) }),
            stages: stages.map(({ stage, state, entry }) => ({
              ...{ stage, state },
              ...(entry && { at: iso(entry.time), what: entry.what }),
            })),
            now: { boot: boots, reason, sentence },
            evidence: evidence.map(presentTrace),
          },
        };
      },
    ),
    operation(
      {
        id: 'listTracedBoots',
        method: 'get',
        path: '/trace/:mac/boots',
        summary: 'The boots of a MAC address that are kept, the oldest first.',
        answer: { kind: 'json', shape: data(z.array(tracedBoot)) },
      },
      ({ params }) => {
        const mac = normaliseMac(params.mac);
        return { data: trace.boots(mac).flatMap((one) => presentBoot(mac, one)) };
      },
    ),
    operation(
      {
        id: 'previewFirmware',
        method: 'get',
        path: '/preview/:machine/firmware',
        summary: 'What a machine would be given now, and what DHCP would answer to its firmware.',
        query: z.object({
          arch: z
            .string()
            .max(20)
            .optional()
            .describe(
              `One firmware: ${USUAL.map(({ name }) => `\`${name}\``).join(', ')}, or a code of DHCP option 93.`,
            ),
        }),
        answer: { kind: 'json', shape: firmwarePreview },
        codes: ['NOT_FOUND', 'INVALID_INPUT'],
      },
      async ({ params, query }): Promise<FirmwarePreview> => {
        const { macs } = subjectOf(machines, params.machine);
        const one = query.arch === undefined ? undefined : firmwareOf(query.arch);
        const firmware = (one ? [one] : USUAL).map((each) =>
          answerTo(each, boot.previewDhcp?.(discoverOf(macs[0] ?? '', each))),
        );
        return { ...(await previewOf(params.machine, one?.architecture)), firmware };
      },
    ),
  ];

  function presentBoot(mac: string, { number, entries }: TracedBootRecord): TracedBoot[] {
    const [first] = entries;
    if (first === undefined) return [];
    const reached = stagesOf(ownEntries(entries))?.reached?.stage;
    return [
      {
        ...{ mac, boot: number, beganAt: iso(first.time), lastAt: iso(entries.at(-1)?.time ?? clock()) },
        ...{ entries: entries.length, reached },
      },
    ];
  }
}

/** @throws TinsmithError NOT_FOUND: it is no machine of ours, and no MAC address */
export function subjectOf(machines: Pick<Machines, 'byMac' | 'find'>, reference: string): Subject {
  const mac = normaliseMac(reference);
  if (isMac(mac) && !machines.byMac(mac)) return { machine: undefined, macs: [mac] };
  const machine = machines.find(reference);
  return { machine, macs: macsOf(machine) };
}

function firmwareOf(word: string): Firmware {
  const firmware = firmwareNamed(word);
  if (firmware) return firmware;
  throw new TinsmithError('INVALID_INPUT', `${word} is no firmware.`, {
    next: `There are ${USUAL.map(({ name }) => name).join(', ')}, and the codes of DHCP option 93, 0 to 65535.`,
    problems: [{ field: 'arch', message: `${word} is neither a name nor a code of DHCP option 93` }],
  });
}

function answerTo({ name, architecture }: Firmware, outcome: Outcome | undefined): FirmwarePreview['firmware'][number] {
  const fields: Field[] = outcome?.kind === 'reply' ? fieldsOf(outcome.packet) : [];
  return {
    firmware: name,
    architecture,
    answered: outcome?.kind === 'reply',
    reason: outcome?.reason ?? 'dhcp-off',
    sentence: outcome?.sentence ?? 'DHCP is switched off here: another server answers',
    fields,
  };
}
