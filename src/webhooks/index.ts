/** Webhooks: events posted to whoever wants them. */
export { PATIENCE, type Patience } from './courier.ts';
export { type Webhook, type WebhookInput, webhookInput } from './records.ts';
export { sign, verify } from './signature.ts';
export { type TestResult, Webhooks } from './webhooks.ts';
