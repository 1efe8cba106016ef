/** Machines as the API shows them. */
import { z } from 'zod';
import { lifeSummary } from './life.ts';
import { data, instant, pageQuery } from './page.ts';

export const machine = z
  .object({
    id: z.string(),
    name: z.string().describe('Host name of its first interface, or else its id.'),
    hardware: z.record(z.string(), z.unknown()).describe('The hardware data as it was pushed.'),
    interfaces: z.array(z.object({ mac: z.string(), address: z.string().optional(), hostname: z.string().optional() })),
    createdAt: instant,
    updatedAt: instant,
    workflow: z.string().optional().describe('Id of the active workflow.'),
    installed: z
      .object({ workflow: z.string(), at: instant, disks: z.array(z.string()), heardAt: instant.optional() })
      .optional()
      .describe('The system that a workflow has installed, on which disks, and when it first called home.'),
    worker: z
      .object({ lastSeen: instant, boot: z.string().describe('The kernel’s boot id.'), version: z.string() })
      .optional()
      .describe('The worker last heard from it.'),
    life: lifeSummary.optional().describe('Of a machine that has a stage, params or profiles.'),
  })
  .meta({ id: 'Machine' });
export type Machine = z.infer<typeof machine>;

/** Answer of `POST machines`. */
export const machinesPushed = data(z.union([machine, z.array(machine)])).extend({
  warnings: z.array(z.string()).describe('What was accepted and is not used.'),
});
export type MachinesPushed = z.infer<typeof machinesPushed>;

/** Query of `GET machines`. */
export const machinesQuery = pageQuery.extend({
  name: z.string().max(255).optional().describe('Name; `*` stands for any characters.'),
  mac: z.string().max(64).optional().describe('MAC address of one of its cards.'),
});
