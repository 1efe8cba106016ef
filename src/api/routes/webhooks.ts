/** `/api/v1/webhooks` */
import { z } from 'zod';
import { type Webhook as WebhookRecord, webhookInput } from '../../webhooks/index.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { data } from '../shapes/page.ts';
import { webhook, webhookMade, webhookTested } from '../shapes/webhook.ts';
import type { Webhook } from '../types.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

export function webhookOperations({ webhooks }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listWebhooks',
        method: 'get',
        path: '/webhooks',
        summary: 'Webhooks, the oldest first, and how far each is.',
        answer: { kind: 'json', shape: data(z.array(webhook)) },
      },
      () => ({ data: webhooks.list().map(present) }),
    ),
    operation(
      {
        id: 'createWebhook',
        method: 'post',
        path: '/webhooks',
        summary: 'Have events from now on posted to a URL. The secret in the answer is never shown again.',
        body: { kind: 'json', shape: webhookInput, limit: '256kb' },
        answer: { kind: 'json', shape: data(webhookMade), status: 201 },
        codes: ['CONFLICT'],
      },
      async ({ body }) => {
        const { secret, ...made } = await webhooks.create(body);
        return { data: { ...present(made), secret } };
      },
    ),
    operation(
      {
        id: 'getWebhook',
        method: 'get',
        path: '/webhooks/:id',
        summary: 'One webhook, and how far it is.',
        answer: { kind: 'json', shape: data(webhook) },
        codes: ['NOT_FOUND'],
      },
      ({ params }) => ({ data: present(webhooks.get(params.id)) }),
    ),
    operation(
      {
        id: 'deleteWebhook',
        method: 'delete',
        path: '/webhooks/:id',
        summary: 'Delete a webhook; what it has not been told yet is not told.',
        answer: { kind: 'json', shape: data(webhook) },
        codes: ['NOT_FOUND'],
      },
      async ({ params }) => ({ data: present(await webhooks.delete(params.id)) }),
    ),
    operation(
      {
        id: 'testWebhook',
        method: 'post',
        path: '/webhooks/:id/test',
        summary: 'Post an event of the kind `webhook.test` to it now, once.',
        answer: { kind: 'json', shape: data(webhookTested) },
        codes: ['NOT_FOUND'],
      },
      async ({ params }) => ({ data: await webhooks.test(params.id) }),
    ),
  ];
}

function present({ createdAt, cursor, failing, ...rest }: WebhookRecord): Webhook {
  const { lastDeliveredAt } = cursor;
  return {
    ...rest,
    createdAt: iso(createdAt),
    cursor: { ...cursor, lastDeliveredAt: lastDeliveredAt === undefined ? undefined : iso(lastDeliveredAt) },
    ...(failing ? { failing: { ...failing, since: iso(failing.since), nextTryAt: iso(failing.nextTryAt) } } : {}),
  };
}
