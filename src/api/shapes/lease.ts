/** Leases of pool mode as the API shows them. */
import { z } from 'zod';
import { instant } from './page.ts';

export const lease = z
  .object({
    address: z.string().describe('IPv4 address.'),
    state: z
      .enum(['active', 'expired', 'released', 'quarantined'])
      .describe('`quarantined`: another computer was found using it, or its client declined it.'),
    mac: z
      .string()
      .optional()
      .describe('Of the client; of a quarantined address, of who uses it, where that is known.'),
    machine: z.string().optional().describe('Name of the machine with that MAC address.'),
    hostname: z.string().optional().describe('Name that the client gives itself.'),
    network: z.string().optional().describe('Network that it was given in.'),
    startedAt: instant.optional().describe('Since when the client has it.'),
    renewedAt: instant.optional(),
    endsAt: instant.optional().describe('When the lease, or the quarantine, ends or ended; absent: never.'),
  })
  .meta({ id: 'Lease' });
export type Lease = z.infer<typeof lease>;
