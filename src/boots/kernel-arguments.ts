/** What kernels are told on their command line. Pure. */

/** Where our worker belongs, and what else a kernel is to be told. */
export interface WorkerFacts {
  /** `http://ADDRESS:PORT` */
  server: string;
  mac: string;
  /** The boot's token for the worker; a placeholder in previews. */
  token: string;
  /** Extra kernel arguments, such as `console=…`. */
  arguments: readonly string[];
  /** Port on which we hear syslog. */
  syslog?: number | undefined;
}

/** What loaders say in their own way. */
export interface LoaderArguments {
  /** `BOOTIF=01-…`, the card that the machine booted from. */
  bootif: string;
  /** `initrd=`, for the kernel's EFI stub to find each by its name. */
  initrds: readonly string[];
}

/** The kernel argument by which our worker is told that nobody knows its machine. */
export const DISCOVER = 'tinsmith.discover';

/** The card with this address, as the kernel's own network code and the OSIE read it. */
export const bootifOf = (mac: string): string => `BOOTIF=01-${mac.replaceAll(':', '-')}`;

/**
 * For the kernel of an OSIE: its consoles, and for our worker, where it belongs.
 * @param environment the boot environment that the worker is to say it is in
 */
export function osieArguments(facts: WorkerFacts, environment: string | undefined, own: LoaderArguments): string {
  return [
    'console=tty0',
    'console=ttyS0,115200',
    ...own.initrds.map((name) => `initrd=${name}`),
    'rootfstype=ramfs',
    'panic=30',
    own.bootif,
    ...workerArguments(facts, environment),
    ...facts.arguments,
  ].join(' ');
}

/**
 * For the kernel of a boot environment. It is told of our worker as that of the OSIE is: a system that has one in it knows
 * where it belongs, and others do not mind.
 */
export function environmentArguments(
  bootParams: string,
  facts: WorkerFacts,
  environment: string,
  own: LoaderArguments,
): string {
  const params = bootParams.replace(/\s*\p{Cc}\s*/gu, ' ').trim();
  return [
    ...own.initrds.map((name) => `initrd=${name}`),
    ...(params.includes('BOOTIF=') ? [] : [own.bootif]),
    ...workerArguments(facts, environment),
    ...facts.arguments,
    // Last: installers write what comes behind "---" into the boot configuration of the new system.
    ...(params === '' ? [] : [params]),
  ].join(' ');
}

/** What our worker is told of where it belongs. */
function workerArguments({ server, mac, token, syslog }: WorkerFacts, environment: string | undefined): string[] {
  return [
    `tinsmith.server=${server}`,
    `tinsmith.id=${mac}`,
    `tinsmith.token=${token}`,
    ...(syslog === undefined ? [] : [`tinsmith.syslog=${syslog}`]),
    ...(environment === undefined ? [] : [argument('tinsmith.boot-env', environment)]),
  ];
}

/** The kernel keeps a value with spaces together by quotes around the whole argument (next_arg in lib/cmdline.c). */
const argument = (name: string, value: string): string =>
  value.includes(' ') ? `"${name}=${value}"` : `${name}=${value}`;
