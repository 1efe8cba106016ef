/** What a file that was asked for is to a boot, told by its name: the servers do not know what firmware does with it. Pure. */

export type Kind = 'loader' | 'script' | 'kernel' | 'initrd' | 'other';

/** Files that a loader looks for though they are not there as a rule, under several names one after the other. */
const CONFIGURATIONS =
  /(^|\/)(pxelinux\.cfg\/|grub\.cfg|menu\.lst|boot\.ipxe$|[^/]*\.ipxe$|cmdline\.txt$|config\.txt$)/i;
const INITRDS = /(initrd|initramfs|\.cpio|modloop|squashfs|ramdisk|osie\.img|core\.gz|^signed-[^/]*\.img$)/i;
const KERNELS = /^(vmlinu[xz]|linux|bzimage|kernel|image|uki)/i;
const LOADERS = /(\.efi|\.[0x]?pxe|\.kpxe|\.kkpxe|\.0|\.n12|\.com|\.elf|bootcode\.bin|start4?\.elf)$/i;

/** What a file is, by its name as it was asked for. */
export function kindOf(name: string): Kind {
  const path = name.replace(/\?.*$/, '');
  const base = path.slice(path.lastIndexOf('/') + 1);
  if (isAutoexec(path)) return 'other';
  if (CONFIGURATIONS.test(path)) return 'script';
  if (INITRDS.test(base)) return 'initrd';
  if (KERNELS.test(base)) return 'kernel';
  return LOADERS.test(base) ? 'loader' : 'other';
}

/** A file's name without its folders. */
export function baseOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** What iPXE runs where it finds it beside itself; ours takes an address and goes on to the machine's script, and is none. */
export const isAutoexec = (name: string): boolean => /(^|\/)autoexec\.ipxe$/i.test(name);

/** Loaders that go on to a script of ours. */
export const isIpxe = (name: string): boolean => /(ipxe|undionly|snponly|snp)[^/]*$/i.test(name);

/** Loaders that start the system on the machine's own disk. */
export const startsDisk = (name: string): boolean => /localboot[^/]*\.efi$/i.test(name);

/** Loaders that a firmware with Secure Boot may refuse. */
export const isEfi = (name: string): boolean => /\.efi$/i.test(name);

/** Our iPXEs, which differ in their drivers, by the firmware that runs them. */
const BIOS = ['undionly.kpxe', 'ipxe.pxe'];
const UEFI = ['ipxe.efi', 'snponly.efi'];

/** The advice to try another loader than this one; undefined: there is none for such a firmware. */
export function anotherThan(loader: string): string | undefined {
  const name = baseOf(loader);
  // What is signed, and all that is not for x86-64, is there once.
  if (/(aa64|arm64|arm32|i386|ia32|shim|grub)/i.test(name)) return undefined;
  const others = (isEfi(name) ? UEFI : BIOS).filter((other) => other !== name);
  return `Try another loader for it: ${others.join(', or ')}.`;
}
