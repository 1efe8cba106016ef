/** `/api/v1/dhcp-settings`: how a DHCP server that is not ours is told to point machines here. */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { EXTERNAL_SERVERS, settingsFor } from '../../boots/external-dhcp/index.ts';
import { type Operation, operation } from '../openapi/index.ts';
import type { Services } from '../services.ts';
import { dhcpSettings } from '../shapes/appliance.ts';
import { data } from '../shapes/page.ts';

const query = z.object({
  address: z
    .string()
    .refine(isIPv4, 'is not an IPv4 address')
    .optional()
    .describe('An address of the network that the machines are on, where the appliance serves several.'),
});

export function dhcpSettingsOperations({ serverUrl, loaderChoice: choice }: Services): Operation[] {
  return [
    operation(
      {
        id: 'listDhcpSettings',
        method: 'get',
        path: '/dhcp-settings',
        summary: 'Settings for DHCP servers that are not this one, with which machines boot from here.',
        query,
        answer: { kind: 'json', shape: data(z.array(dhcpSettings)) },
      },
      ({ query: { address } }) => {
        const http = serverUrl(address);
        const appliance = { address: new URL(http).hostname, http, choice };
        return { data: EXTERNAL_SERVERS.map((server) => settingsFor(server, appliance)) };
      },
    ),
  ];
}
