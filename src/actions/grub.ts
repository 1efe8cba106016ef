/** Finds the kernel that a system would start, in its GRUB configuration. Pure. */

/** What to boot, with paths as in the configuration. */
export type BootEntry = { kernel: string; initrds: string[]; commandLine: string };

/**
 * The first menu entry with a `linux` line. Variables are not known and stand for nothing, so that `${extra}` vanishes
 * from the command line; undefined where there is no entry, or where its kernel hangs on a variable.
 */
export function firstBootEntry(configuration: string): BootEntry | undefined {
  let entry: BootEntry | undefined;
  for (const raw of configuration.split('\n')) {
    const line = raw.trim();
    const directive = /^(linux|linuxefi|linux16|initrd|initrdefi|initrd16)\s+(.*)$/.exec(line);
    if (directive === null) {
      if (entry !== undefined && (line === '}' || line.startsWith('menuentry'))) break;
      continue;
    }
    const [, kind = '', rest = ''] = directive;
    const words = rest
      .split(/\s+/)
      .map((word) => word.replace(/\$\{?\w+\}?/g, ''))
      .filter((word) => word !== '');
    if (kind.startsWith('linux')) {
      if (entry !== undefined) break;
      const [kernel, ...parameters] = words;
      if (kernel === undefined || !kernel.startsWith('/')) return undefined;
      entry = { kernel, initrds: [], commandLine: parameters.join(' ') };
    } else entry?.initrds.push(...words);
  }
  return entry;
}
