/** The iPXE scripts we hand out. Pure text; the decision is `plan`'s. */
import { DISCOVER, environmentArguments, osieArguments, type WorkerFacts } from '../kernel-arguments.ts';
import type { AutoIpxe, BootPlan } from '../plan.ts';

/** Stands in a script that is only shown. */
export const PREVIEW_TOKEN = 'PREVIEW';

/** What a script is filled in with. */
export type ScriptFacts = WorkerFacts;

/** What a boot environment starts: URLs of kernel and initrds, and the kernel's own arguments. */
export interface KernelFacts {
  environment: string;
  kernel: string;
  initrds: readonly string[];
  bootParams: string;
}

/** The script for what a machine is to boot; that of an environment is `environmentScript`'s, or its own. */
export function scriptOf(plan: Exclude<BootPlan, { boot: 'nothing' | 'environment' }>, facts: ScriptFacts): string {
  switch (plan.boot) {
    case 'osie':
      return plan.autoIpxe
        ? serviceScript(plan.autoIpxe, facts, plan.environment)
        : osieScript(
            plan.discovers ? { ...facts, arguments: [DISCOVER, ...facts.arguments] } : facts,
            plan.environment,
          );
    case 'local':
      return localScript(facts);
    case 'script':
      return ownScript(plan.script);
  }
}

/**
 * Boots kernel and OSIE. The initrd is one file (OSIE and worker in one response): UEFI iPXE of 2019 loses a second one
 * easily. It is named, and named again on the command line, because the kernel's EFI stub finds it by that name.
 * @param environment the boot environment that the worker is to say it is in
 */
export function osieScript(facts: ScriptFacts, environment?: string): string {
  return `#!ipxe\n${logging(facts)}${osieCommands(facts, environment)}`;
}

/** The only port that iPXE knows. Builds without a syslog console take the setting and do nothing with it. */
const IPXE_SYSLOG = 514;

/** The first commands of a script: from then on iPXE says by syslog what it writes on the screen. */
function logging({ server, syslog }: Pick<ScriptFacts, 'server' | 'syslog'>): string {
  return syslog === IPXE_SYSLOG ? `set syslog ${new URL(server).hostname} ||\n` : '';
}

/** iPXE's own hole: the card that it booted from. */
const BOOTIF = `BOOTIF=01-\${netX/mac:hexhyp}`;

function osieCommands(facts: ScriptFacts, environment: string | undefined): string {
  const { server, mac } = facts;
  const line = osieArguments(facts, environment, { bootif: BOOTIF, initrds: ['osie.img'] });
  return bootCommands('the in-memory system', [
    `kernel --name vmlinuz ${server}/boot/${mac}/vmlinuz ${line}`,
    `initrd --name osie.img ${server}/boot/${mac}/initrd.img`,
  ]);
}

/** Boots what an environment brings. */
export function environmentScript(boots: KernelFacts, facts: ScriptFacts): string {
  const { environment, kernel, initrds, bootParams } = boots;
  const names = initrds.map((_, i) => (initrds.length === 1 ? 'initrd.img' : `initrd${i}.img`));
  const line = environmentArguments(bootParams, facts, environment, { bootif: BOOTIF, initrds: names });
  return `#!ipxe\n${logging(facts)}${bootCommands(`environment ${environment}`, [
    `kernel --name vmlinuz ${kernel} ${line}`,
    ...initrds.map((url, i) => `initrd --name ${names[i]} ${url}`),
  ])}`;
}

/** Tries ten times, and leaves to the next boot device then. */
function bootCommands(what: string, commands: readonly string[]): string {
  return `echo Tinsmith: \${netX/mac} boots into ${what}
set tries:int32 0
:again
${[...commands, 'boot'].map((command) => `${command} || goto failed`).join('\n')}
:failed
imgfree
inc tries
iseq \${tries} 10 && goto end ||
echo Tinsmith: could not boot, trying again in 3 seconds
sleep 3
goto again
:end
echo Tinsmith: giving up; leaving to the next boot device
exit 1
`;
}

/** Seconds between two looks, and how many there are: two minutes for a service to come up. */
const WAIT = { seconds: 3, tries: 40 };
/** The question by which our own script leaves services out. */
export const WITHOUT_SERVICE = 'service=no';

/**
 * Chains to the script that a service has; the in-memory system when that cannot be had, or fails. The service's script
 * finds in variables what it needs to start a kernel of its own with our worker: `tinsmith_server`, `tinsmith_workflow`,
 * `base` (the URL below which its workflow's services are) and `worker_args` (kernel arguments). While the service is not
 * up, our own script is fetched again: no token is in it until then.
 */
export function serviceScript({ workflow, state }: AutoIpxe, facts: ScriptFacts, environment?: string): string {
  const { server, mac } = facts;
  const base = `${server}/workflows/${workflow}`;
  const own = `${server}/boot/${mac}/auto.ipxe`;
  if (state === 'starting') {
    return `#!ipxe
${logging(facts)}isset \${tinsmith_waits} || set tinsmith_waits:int32 0
inc tinsmith_waits
iseq \${tinsmith_waits} ${WAIT.tries} && goto without ||
echo Tinsmith: \${netX/mac} waits for a service of workflow ${workflow} to come up (\${tinsmith_waits} of ${WAIT.tries})
sleep ${WAIT.seconds}
chain --autofree --replace ${own} || goto without
:without
echo Tinsmith: going on without the service
chain --autofree --replace ${own}?${WITHOUT_SERVICE} || exit 1
`;
  }
  return `#!ipxe
${logging(facts)}echo Tinsmith: \${netX/mac} boots what workflow ${workflow} serves
clear tinsmith_waits
set tinsmith_server ${server}
set tinsmith_workflow ${workflow}
set base ${base}
set worker_args ${osieArguments(facts, environment, { bootif: BOOTIF, initrds: [] })}
chain --autofree ${base}/auto.ipxe && exit 0 ||
echo Tinsmith: the script of the service cannot be had, or failed
imgfree
${osieCommands(facts, environment)}`;
}

/**
 * Leaves to the installed system. In UEFI `exit 0` would stop in the firmware's menu and this iPXE has no local disks,
 * so a small GRUB looks for the system's own loader; `exit 1` lets the firmware try its next entry.
 */
export function localScript(facts: Pick<ScriptFacts, 'server' | 'mac' | 'syslog'>): string {
  const { server, mac } = facts;
  return `#!ipxe
${logging(facts)}echo Tinsmith: \${netX/mac} boots the system on its own disk
iseq \${platform} efi && goto efi ||
sanboot --no-describe --drive 0x80 || exit 1
:efi
chain --autofree ${server}/boot/loaders/${mac}/localboot.efi || exit 1
`;
}

/** A script that the hardware data brings. */
export function ownScript(script: { url: string } | { contents: string }): string {
  if ('contents' in script)
    return script.contents.startsWith('#!ipxe') ? script.contents : `#!ipxe\n${script.contents}\n`;
  return `#!ipxe\nchain --autofree ${script.url}\n`;
}
