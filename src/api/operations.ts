/** Everything the API can do: what is mounted, and what its document describes. */
import type { BootOptions } from './app.ts';
import type { Operation } from './openapi/index.ts';
import { applianceOperations } from './routes/appliance.ts';
import { applyOperations } from './routes/apply.ts';
import { contentOperations } from './routes/content.ts';
import { dhcpSettingsOperations } from './routes/dhcp-settings.ts';
import { discoveryOperations } from './routes/discovery.ts';
import { eventOperations } from './routes/events.ts';
import { fileOperations } from './routes/files.ts';
import { imageOperations } from './routes/images.ts';
import { isoOperations } from './routes/isos.ts';
import { jobOperations } from './routes/jobs.ts';
import { leaseOperations } from './routes/leases.ts';
import { lifeOperations } from './routes/life.ts';
import { machineOperations } from './routes/machines.ts';
import { packOperations } from './routes/packs.ts';
import { subnetOperations } from './routes/subnets.ts';
import { templateOperations } from './routes/templates.ts';
import { webhookOperations } from './routes/webhooks.ts';
import { workflowHistoryOperations } from './routes/workflow-history.ts';
import { workflowOperations } from './routes/workflows.ts';
import type { Services } from './services.ts';

/** @param boot.kernelArguments added to those of every kernel. */
export function operationsOf(
  services: Services,
  boot: Pick<BootOptions, 'kernelArguments' | 'syslog' | 'environments' | 'unknown' | 'previewDhcp'>,
): Operation[] {
  return [
    ...applianceOperations(services, boot),
    ...dhcpSettingsOperations(services),
    ...machineOperations(services),
    ...subnetOperations(services),
    ...discoveryOperations(services),
    ...leaseOperations(services),
    ...lifeOperations(services),
    ...jobOperations(services),
    ...contentOperations(services),
    ...packOperations(services),
    ...templateOperations(services),
    ...workflowOperations(services),
    ...workflowHistoryOperations(services),
    ...imageOperations(services),
    ...fileOperations(services),
    ...isoOperations(services),
    ...eventOperations(services),
    ...webhookOperations(services),
    ...applyOperations(services),
  ];
}
