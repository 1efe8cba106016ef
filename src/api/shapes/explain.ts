/** Why a machine did, or did not, boot, and what it would be answered now, as the API shows it. */
import { z } from 'zod';
import { STAGES } from '../../boots/explain/index.ts';
import { preview, traceEntry } from './appliance.ts';
import { instant } from './page.ts';

const stage = z.enum(STAGES);

/** `GET trace/:mac/boots` */
export const tracedBoot = z
  .object({
    mac: z.string(),
    boot: z.int().describe('Number among the boots of this MAC address.'),
    beganAt: instant,
    lastAt: instant.describe('When it was heard last.'),
    entries: z.int(),
    reached: stage.optional().describe('The last stage that is proven.'),
  })
  .meta({ id: 'TracedBoot' });
export type TracedBoot = z.infer<typeof tracedBoot>;

/** `GET explain/:machine` */
export const explained = z
  .object({
    machine: z.object({ id: z.string(), name: z.string() }).optional().describe('Left out: nobody has that address.'),
    macs: z.array(z.string()),
    state: z
      .enum(['booted', 'under-way', 'declined', 'missing'])
      .describe(
        '`declined`: it is left alone, as is decided here; `missing`: something that should have come has not.',
      ),
    code: z.string().describe('Stable name of the reason, such as `secure-boot`; docs/explain.md lists them.'),
    sentence: z.string().describe('The same for people, with the first link that is missing.'),
    next: z.string().optional().describe('What to do about it.'),
    link: stage.optional().describe('The stage that is missing, or to come.'),
    dueAt: instant.optional().describe('When that is missing if it has not come, or been tried again, by then.'),
    mac: z.string().optional().describe('The card of the boot that this is about.'),
    boot: z.int().optional().describe('The number of that boot.'),
    stages: z.array(
      z.object({
        stage,
        state: z.enum(['proven', 'implied', 'under-way', 'broken', 'to-come', 'not-needed']),
        at: instant.optional(),
        what: z.string().optional(),
      }),
    ),
    now: preview.pick({ boot: true, reason: true, sentence: true }).describe('What it would be given if it asked now.'),
    evidence: z.array(traceEntry).describe('What the sentence rests on, oldest first.'),
  })
  .meta({ id: 'Explained' });
export type Explained = z.infer<typeof explained>;

/** What one firmware would be answered. */
export const firmwareAnswer = z.object({
  firmware: z.string(),
  architecture: z.int().describe('Code of DHCP option 93.'),
  answered: z.boolean(),
  reason: z.string(),
  sentence: z.string(),
  fields: z.array(z.object({ name: z.string(), value: z.string() })).describe('The reply of DHCP.'),
});

/** `GET preview/:machine/firmware` */
export const firmwarePreview = preview.extend({ firmware: z.array(firmwareAnswer) }).meta({ id: 'FirmwarePreview' });
export type FirmwarePreview = z.infer<typeof firmwarePreview>;
