/** Everything the API can do: what is mounted, and what its document describes. */
import type { Operation } from './openapi/index.ts';
import { applianceOperations } from './routes/appliance.ts';
import { applyOperations } from './routes/apply.ts';
import { eventOperations } from './routes/events.ts';
import { imageOperations } from './routes/images.ts';
import { machineOperations } from './routes/machines.ts';
import { templateOperations } from './routes/templates.ts';
import { webhookOperations } from './routes/webhooks.ts';
import { workflowHistoryOperations } from './routes/workflow-history.ts';
import { workflowOperations } from './routes/workflows.ts';
import type { Services } from './services.ts';

/** @param boot.kernelArguments added to those of every kernel. */
export function operationsOf(services: Services, boot: { kernelArguments: string[] }): Operation[] {
  return [
    ...applianceOperations(services, boot),
    ...machineOperations(services),
    ...templateOperations(services),
    ...workflowOperations(services),
    ...workflowHistoryOperations(services),
    ...imageOperations(services),
    ...eventOperations(services),
    ...webhookOperations(services),
    ...applyOperations(services),
  ];
}
