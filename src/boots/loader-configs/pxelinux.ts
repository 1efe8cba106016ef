/** What a machine is to boot, as PXELINUX's configuration. Pure. */
import { fileNameIn } from '../url-paths.ts';
import type { LoaderBoot } from './boot.ts';

/** @param server `http://ADDRESS:PORT`; what it has is fetched over TFTP, as every PXELINUX can */
export function pxelinuxConfig(mac: string, boots: LoaderBoot, server: string): string {
  const lines = entry(mac, boots, server).map((line) => `  ${line}\n`);
  return `# Made by Tinsmith for ${mac}.
PROMPT 0
TIMEOUT 0
DEFAULT tinsmith
LABEL tinsmith
${lines.join('')}`;
}

function entry(mac: string, boots: LoaderBoot, server: string): string[] {
  switch (boots.boot) {
    case 'kernel':
      return [
        `KERNEL ${fileOf(boots.kernel, server)}`,
        ...(boots.initrds.length === 0 ? [] : [`INITRD ${boots.initrds.map((url) => fileOf(url, server)).join(',')}`]),
        `APPEND ${boots.line}`,
      ];
    case 'local':
      return ['LOCALBOOT 0'];
    case 'ipxe':
      return [`PXE ::${mac}/undionly.kpxe`];
  }
}

/** What is on this server by its name over TFTP, from the top (`::`); what is elsewhere by its URL, for lpxelinux.0. */
function fileOf(url: string, server: string): string {
  return url.startsWith(`${server}/`) ? `::${fileNameIn(url.slice(server.length + 1))}` : url;
}
