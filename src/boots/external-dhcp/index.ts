/** Settings for DHCP servers that are not ours, to point machines here: for those who run us without DHCP. */
import { type Appliance, lackingFor } from './boot-files.ts';
import { dnsmasqSettings } from './dnsmasq.ts';
import { iscSettings } from './isc.ts';
import { keaSettings } from './kea.ts';
import { mikrotikSettings, opnsenseSettings, windowsSettings } from './routers.ts';

export type { Appliance } from './boot-files.ts';

/** The servers there are settings for. */
export const EXTERNAL_SERVERS = ['dnsmasq', 'isc', 'kea', 'opnsense', 'mikrotik', 'windows'] as const;
export type ExternalServer = (typeof EXTERNAL_SERVERS)[number];

const SETTINGS: Record<ExternalServer, { title: string; where: string; text(appliance: Appliance): string }> = {
  dnsmasq: { title: 'dnsmasq', where: 'a file in /etc/dnsmasq.d/', text: dnsmasqSettings },
  isc: { title: 'ISC DHCP', where: '/etc/dhcp/dhcpd.conf, outside of all subnets', text: iscSettings },
  kea: { title: 'Kea', where: '/etc/kea/kea-dhcp4.conf, a member of "Dhcp4"', text: keaSettings },
  opnsense: { title: 'OPNsense', where: 'a file, or the fields of its web interface', text: opnsenseSettings },
  mikrotik: { title: 'MikroTik RouterOS 7', where: 'its terminal', text: mikrotikSettings },
  windows: { title: 'Windows Server', where: 'PowerShell, as administrator', text: windowsSettings },
};

/** Settings for one server: what it is called, where they go, and they themselves. */
export interface ExternalSettings {
  server: ExternalServer;
  title: string;
  where: string;
  text: string;
}

export function settingsFor(server: ExternalServer, appliance: Appliance): ExternalSettings {
  const { title, where, text } = SETTINGS[server];
  const lacking = lackingFor(appliance).map((each) => `# ${each}\n`);
  return { server, title, where, text: `${lacking.join('')}${text(appliance)}` };
}
