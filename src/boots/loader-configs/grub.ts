/** What a machine is to boot, as GRUB's configuration. Pure. */
import { EFI_LOADERS, EFI_LOADERS_ARM64 } from '../efi-loaders.ts';
import { fileNameIn } from '../url-paths.ts';
import type { LoaderBoot } from './boot.ts';

/** How the GRUB that asks reaches us, which is how it has reached us now. `disk`: the files lie beside it. */
export interface GrubServer {
  protocol: 'tftp' | 'http' | 'disk';
  /** `http://ADDRESS:PORT` */
  url: string;
}

/** Kernel and initrds are tried so often: a network that loses packets is not the end. */
const TRIES = 5;

export function grubConfig(mac: string, boots: LoaderBoot, server: GrubServer): string {
  const head = `# Made by Tinsmith for ${mac}.\nset timeout=0\n`;
  switch (boots.boot) {
    case 'kernel':
      return head + kernel(mac, boots, server);
    case 'local':
      return head + local(mac);
    case 'ipxe':
      return head + ipxe(mac, boots.what, server);
  }
}

/**
 * For a GRUB whose machine we cannot tell by its address, as behind a router: it asks again by the address of its card.
 */
export function grubAsksAgain(): string {
  return `# Made by Tinsmith: who asks is not known here.
if [ -n "$net_default_mac" ]; then
  configfile "$prefix/grub.cfg-01-$net_default_mac"
fi
echo 'Tinsmith: this machine does not say the address of its network card'
sleep 10
exit
`;
}

function kernel(mac: string, boots: LoaderBoot & { boot: 'kernel' }, server: GrubServer): string {
  const paths = [boots.kernel, ...boots.initrds].map((url) => pathOf(url, server));
  const [kernelPath, ...initrdPaths] = paths;
  const foreign = [boots.kernel, ...boots.initrds].find((_, i) => paths[i] === undefined);
  if (kernelPath === undefined || foreign !== undefined)
    return giveUp(`${foreign} is not on this server, and GRUB fetches nothing from elsewhere`);
  const load = [
    `linux ${quoted(kernelPath)} ${words(boots.line).map(quoted).join(' ')}`,
    ...(initrdPaths.length === 0 ? [] : [`initrd ${initrdPaths.map((path) => quoted(path ?? '')).join(' ')}`]),
    'boot',
  ];
  return `echo ${quoted(`Tinsmith: ${mac} boots into ${boots.what}`)}
${setRoot(server)}for try in ${Array.from({ length: TRIES }, (_, i) => i + 1).join(' ')}; do
  ${load.map((command) => `if ${command}; then`).join('\n  ')}
  ${load.map(() => 'true; fi').join('\n  ')}
  echo 'Tinsmith: could not boot, trying again in 3 seconds'
  sleep 3
done
${giveUp('kernel or initrd could not be loaded')}`;
}

/** Every disk is looked at but that which GRUB itself lies on. */
function local(mac: string): string {
  return `echo ${quoted(`Tinsmith: ${mac} boots the system on its own disk`)}
if [ "$grub_platform" = efi ]; then
  if [ "$grub_cpu" = arm64 ]; then
    set loaders="${EFI_LOADERS_ARM64.join(' ')}"
  else
    set loaders="${EFI_LOADERS.join(' ')}"
  fi
  for loader in $loaders; do
    for disk in (hd*); do
      if [ "$disk" != "($root)" -a -e "$disk$loader" ]; then
        if chainloader "$disk$loader"; then boot; fi
      fi
    done
  done
else
  set root=(hd0)
  if chainloader +1; then boot; fi
fi
${giveUp('there is no loader on any local disk')}`;
}

function ipxe(mac: string, what: string, server: GrubServer): string {
  return `echo ${quoted(`Tinsmith: ${mac} boots ${what}, for which it needs iPXE`)}
${setRoot(server)}if [ "$grub_platform" = efi ]; then
  if chainloader ${server.protocol === 'http' ? '/boot/loaders' : ''}/${mac}/ipxe.efi; then boot; fi
fi
${giveUp('iPXE did not start; with Secure Boot on, it cannot')}`;
}

/** GRUB's exit lets UEFI firmware go on to its next boot device. */
function giveUp(why: string): string {
  return `echo ${quoted(`Tinsmith: ${why}; leaving to the next boot device`)}
sleep 10
exit
`;
}

/** GRUB takes a path without a device from its root. */
function setRoot({ protocol, url }: GrubServer): string {
  const { hostname, host } = new URL(url);
  switch (protocol) {
    case 'tftp':
      return `set root=(tftp,${hostname})\n`;
    case 'http':
      return `set root=(http,${host})\n`;
    case 'disk':
      return '';
  }
}

/** The path of a URL of ours, which is the same over TFTP; undefined for another server's. */
function pathOf(url: string, server: GrubServer): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname, search } = new URL(url);
  return origin === new URL(server.url).origin && search === '' ? fileNameIn(pathname) : undefined;
}

/** A kernel's arguments one by one, without the quotes that keep spaces in them: GRUB puts these back itself. */
function words(line: string): string[] {
  return (line.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** GRUB's shell takes what is in single quotes as it is. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
