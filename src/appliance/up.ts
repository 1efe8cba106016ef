/** `tinsmith up`: the appliance until it is told to stop. */
import { readFileSync } from 'node:fs';
import type { Status } from '../api/types.ts';
import { EXTERNAL_SERVERS, settingsFor } from '../boots/external-dhcp/index.ts';
import { messageOf, TinsmithError } from '../errors.ts';
import { claimDataDirectory } from '../store/data-directory.ts';
import { choiceForAll, type SetForAll } from './loaders-for-all.ts';
import { createLog } from './log.ts';
import { readSettings, type Settings } from './settings.ts';

/** How long stopping may take before the process ends all the same, ms. */
const STOP_LIMIT_MS = 10_000;

/**
 * Runs the appliance until SIGTERM or SIGINT.
 * @param flags of the command line, by name.
 */
export async function runUp(flags: Readonly<Record<string, unknown>>): Promise<void> {
  const settings = readSettings({ flags, environment: process.env, readFile: readSettingsFile });
  const log = createLog(
    { level: settings.logLevel, format: settings.logFormat },
    (line) => void process.stderr.write(line),
  );
  const told = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  });
  // What nobody caught is a defect of ours; one packet or request with it must not end the service for all.
  process.on('uncaughtException', (error) => log.error({ err: error }, 'unexpected error'));
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unexpected error'));
  const data = claimDataDirectory(settings.data);
  // The executable's addons are unpacked below it, so that no other directory needs to be writable; they are loaded with
  // the modules that use them, hence late.
  process.env.TINSMITH_DATA ??= settings.data;
  const [{ startAppliance }, { giveBackWhenQuiet }] = await Promise.all([
    import('./appliance.ts'),
    import('./give-back.ts'),
  ]);
  const appliance = await startAppliance(settings, data, log);
  if (settings.logFormat === 'pretty')
    process.stdout.write(summary(appliance.status()) + whatNext(settings, appliance.url()));
  const giving = giveBackWhenQuiet();
  const signal = await told;
  giving.stop();
  log.info({ signal }, 'stopping');
  setTimeout(() => {
    log.error(`not stopped after ${STOP_LIMIT_MS / 1000} s; ending all the same`);
    process.exit(1);
  }, STOP_LIMIT_MS).unref();
  await appliance.stop();
  log.info('stopped');
}

function readSettingsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new TinsmithError('INVALID_INPUT', `The settings file cannot be read: ${messageOf(cause)}`, {
      next: 'Name another with --settings.',
      cause,
    });
  }
}

const FOR_WHOM: Record<string, string> = {
  http: 'boot files, API and images',
  https: 'the same, over TLS',
  tftp: 'boot loaders for firmware',
  syslog: 'what machines say of themselves',
  'dhcp (proxy)': 'what to boot, for known machines; their addresses come from the router',
  'dhcp (reservation)': 'addresses and what to boot, for known machines',
  'dhcp (pool)': 'addresses for everybody, and what to boot for known machines',
  'provisioner-worker': 'services and actions of workflows on this computer',
};

function summary({ version, commit, roles, state, dataDirectory, otherServers = [] }: Status): string {
  const lines = roles.map(({ name, state: role, bound, problem }) =>
    role === 'up'
      ? `  ${name.padEnd(20)} ${bound.join(', ') || 'no interface'}: ${FOR_WHOM[name] ?? ''}`
      : `  ${name.padEnd(20)} ${role}${problem ? `: ${problem.message}\n${' '.repeat(23)}${problem.next ?? ''}` : ''}`,
  );
  const others = otherServers.map(
    ({ address, mac, interface: on, offers }) =>
      `  ${'another DHCP server'.padEnd(20)} ${address} (${mac}) on ${on} ${offers}`,
  );
  const warnings = roles.flatMap(({ warning }) => (warning ? [`WARNING: ${warning.message}`, warning.next] : []));
  return `Tinsmith ${version} (${commit}) is ${state}. Data in ${dataDirectory}.\n${[...lines, ...others, ...warnings].join('\n')}\n`;
}

export function whatNext(settings: SetForAll & Pick<Settings, 'dhcp'>, http: string): string {
  if (settings.dhcp !== 'off') return 'Add a machine: tinsmith machine add NAME --mac MAC --ip ADDRESS\n';
  const appliance = { address: new URL(http).hostname, http, choice: choiceForAll(settings) };
  const texts = EXTERNAL_SERVERS.map((server) => {
    const { title, where, text } = settingsFor(server, appliance);
    return `### ${title}: ${where}\n\n${text}`;
  });
  return `DHCP is off: point your own DHCP server here. These are its settings; later: tinsmith dhcp-settings --for ${EXTERNAL_SERVERS.join('|')}\n\n${texts.join('\n')}`;
}
