/** Webhooks as the API shows them. */
import { z } from 'zod';
import { instant } from './page.ts';

export const webhook = z
  .object({
    id: z.string(),
    url: z.string(),
    kinds: z
      .array(z.string())
      .describe('Kinds of events that it wants, as `workflow.ended` or `workflow.*`; none: all.'),
    machines: z.array(z.string()).describe('Ids of the machines whose events it wants; none: all.'),
    workflows: z.array(z.string()).describe('Ids of the workflows whose events it wants; none: all.'),
    createdAt: instant,
    cursor: z.object({
      seq: z.int().describe('All events up to this one are delivered, or were not wanted.'),
      delivered: z.int().describe('Events delivered so far.'),
      lastDeliveredAt: instant.optional(),
    }),
    behind: z.int().describe('Events that are still to be looked at.'),
    failing: z
      .object({ since: instant, tries: z.int(), lastError: z.string(), nextTryAt: instant })
      .optional()
      .describe('Deliveries fail since then.'),
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof webhook>;

/** Answer of `POST webhooks`: the only one with its secret. */
export const webhookMade = webhook
  .extend({ secret: z.string().describe('What deliveries are signed with. It is never shown again.') })
  .meta({ id: 'WebhookMade' });
export type WebhookMade = z.infer<typeof webhookMade>;

/** Answer of `POST webhooks/:id/test`. */
export const webhookTested = z
  .object({
    delivered: z.boolean(),
    status: z.int().optional().describe('What the target answered.'),
    error: z.string().optional().describe('Why it is not delivered.'),
  })
  .meta({ id: 'WebhookTested' });
export type WebhookTested = z.infer<typeof webhookTested>;
