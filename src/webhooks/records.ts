/** What is kept of a webhook, and what is said of it. */
import { z } from 'zod';

/** The most webhooks there can be: each reads the events for itself. */
export const MOST_WEBHOOKS = 100;

const ids = z.array(z.string().min(1).max(64)).max(1000).default([]);

/** What a webhook is made of. Empty lists mean all. */
export const webhookInput = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
    .max(2000)
    .refine(
      (url) => !URL.canParse(url) || new URL(url).username + new URL(url).password === '',
      'must have no user and no password in it, with which nothing can be delivered: deliveries are signed instead',
    ),
  /** `workflow.ended`, or beginnings: `workflow.*`. */
  kinds: z
    .array(z.string().regex(/^[a-z][a-z.-]*\*?$|^\*$/, 'must be a kind such as workflow.ended, or workflow.*'))
    .max(100)
    .default([]),
  /** Ids. */
  machines: ids,
  workflows: ids,
  /** What deliveries are signed with; one is made where none is given. */
  secret: z.string().min(16).max(200).optional(),
});
export type WebhookInput = z.input<typeof webhookInput>;

/** As it is stored, under `webhook/ID`. */
export interface WebhookRecord {
  id: string;
  url: string;
  kinds: string[];
  machines: string[];
  workflows: string[];
  secret: string;
  /** ms since 1970 */
  createdAt: number;
}

/** How far a webhook is, stored under `webhook-cursor/ID`. Times in ms since 1970. */
export interface Cursor {
  /** All events up to this number are delivered, or were not wanted. */
  seq: number;
  /** Events delivered so far. */
  delivered: number;
  lastDeliveredAt?: number;
}

/** A webhook as it is shown: never with its secret. */
export type Webhook = Omit<WebhookRecord, 'secret'> & {
  cursor: Cursor;
  /** The newest event's number less the cursor's: how many are still to be looked at. */
  behind: number;
  /** Deliveries fail since then; unset while they succeed. */
  failing?: { since: number; tries: number; lastError: string; nextTryAt: number };
};
