import { type Appliance, bootFilesFor, scriptUrl } from './boot-files.ts';

/** Lines for dnsmasq, beside the dhcp-range that it has. */
export function dnsmasqSettings(appliance: Appliance): string {
  const files = bootFilesFor(appliance);
  const matches = files.flatMap(({ tag, architectures }) =>
    architectures.map((code) => `dhcp-match=set:${tag},option:client-arch,${code}`),
  );
  const boots = files.flatMap(({ tag, kind, file }) =>
    kind === 'pxe'
      ? [`dhcp-boot=tag:!ipxe,tag:${tag},${file},,${appliance.address}`]
      : [
          // UEFI takes no offer without it.
          `dhcp-option-force=tag:!ipxe,tag:${tag},60,HTTPClient`,
          `dhcp-boot=tag:!ipxe,tag:${tag},${file}`,
        ],
  );
  return `${[
    '# iPXE says who it is; any other firmware, what it runs on.',
    'dhcp-userclass=set:ipxe,iPXE',
    ...matches,
    '# First iPXE, then its script.',
    ...boots,
    `dhcp-boot=tag:ipxe,${scriptUrl(appliance)}`,
    '# iPXE need not wait 2 s for a ProxyDHCP server.',
    'dhcp-option=tag:ipxe,encap:175,176,1b',
  ].join('\n')}\n`;
}
