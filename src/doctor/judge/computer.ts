/** What is found about disk, clock and boot files. Pure. */
import type { ApplianceFacts, BootFacts, ClockFacts, DataFacts } from '../facts.ts';
import { type Finding, ok, problem, warning } from '../finding.ts';

const MIB = 1024 * 1024;
const LITTLE = { problem: 100 * MIB, warning: 1024 * MIB };
const FEW_INODES = 0.02;

export function judgeData({ path, exists, mode, tokenMode, writable, disk }: DataFacts): Finding[] {
  const findings: Finding[] = [];
  if (!writable)
    findings.push(
      problem(
        'data-not-writable',
        `${path} cannot be written by this user.`,
        'Run this as the user that the appliance runs as, or correct the rights.',
      ),
    );
  if (exists && mode !== undefined && (mode & 0o077) !== 0)
    findings.push(
      warning(
        'data-open',
        `Others may look into the data directory ${path} (mode ${mode.toString(8)}).`,
        `chmod 700 ${path}`,
      ),
    );
  if (tokenMode !== undefined && (tokenMode & 0o077) !== 0)
    findings.push(
      problem(
        'token-open',
        `Others may read the administrator’s token in ${path} (mode ${tokenMode.toString(8)}).`,
        `chmod 600 ${path}/token`,
      ),
    );
  if (disk !== undefined) {
    const free = `${Math.floor(disk.free / MIB)} MiB are free on the disk of ${path}`;
    const next = 'Free space there, or name another directory with --data.';
    if (disk.free < LITTLE.problem) findings.push(problem('disk-full', `Only ${free}.`, next));
    else if (disk.free < LITTLE.warning)
      findings.push(warning('disk-filling', `Only ${free}: images and logs soon fill that.`, next));
    if (disk.inodes > 0 && disk.freeInodes / disk.inodes < FEW_INODES)
      findings.push(
        problem(
          'inodes',
          `Only ${disk.freeInodes} of ${disk.inodes} inodes are free on the disk of ${path}: no more files can be made there soon, however much space there is.`,
          'Remove small files on that disk.',
        ),
      );
    if (findings.length === 0)
      findings.push(ok('data', `${free}, and ${exists ? 'its rights are right' : 'it can be made'}.`));
  }
  return findings;
}

/** Before this program was written no clock can be right; TLS and tokens break with one that is wrong. */
const EARLIEST_YEAR = 2025;
const LATEST_YEAR = 2100;

export function judgeClock({ now, synchronised }: ClockFacts): Finding[] {
  const time = new Date(now);
  const year = time.getUTCFullYear();
  if (year < EARLIEST_YEAR || year > LATEST_YEAR)
    return [
      problem(
        'clock-wrong',
        `The clock says ${time.toISOString()}. Certificates, tokens and what is logged depend on it.`,
        'Set it, and let an NTP client keep it: timedatectl set-ntp true.',
      ),
    ];
  if (synchronised === false)
    return [
      warning(
        'clock-not-kept',
        'Nothing keeps the clock right: certificates, tokens and what is logged depend on it.',
        'Let an NTP client keep it: timedatectl set-ntp true.',
      ),
    ];
  return [ok('clock', `The clock says ${time.toISOString()}${synchronised ? ', and is kept right' : ''}.`)];
}

export function judgeBoot({ loaders, wanted, directory, kernel, initrd, described, isWorker }: BootFacts): Finding[] {
  const findings: Finding[] = [];
  const absent = wanted.filter((name) => !loaders.includes(name));
  findings.push(
    absent.length > 0
      ? problem(
          'loaders-missing',
          `Boot loaders are missing: ${absent.join(', ')}. Firmware that needs one of them gets no answer.`,
          'Use the packaged executable, or build them: npm run build -- loaders.',
        )
      : ok('loaders', `There are boot loaders: ${loaders.join(', ')}.`),
  );
  const next = `Put both files of one build there, or name their directory with --osie; npm run build -- osie makes them.`;
  if (!isWorker)
    findings.push(
      warning(
        'no-worker',
        'This is not the packaged executable, which is the worker of the machines: from here none can boot the in-memory system.',
        'Build it: npm run build.',
      ),
    );
  const files = [['vmlinuz', kernel] as const, ['initrd.img', initrd] as const];
  const gone = files.flatMap(([name, file]) => (file === undefined ? [name] : []));
  if (kernel === undefined || initrd === undefined)
    return [
      ...findings,
      problem(
        'osie-missing',
        `${gone.join(' and ')} of the in-memory system ${gone.length > 1 ? 'are' : 'is'} not in ${directory}.`,
        next,
      ),
    ];
  if (kernel.version !== undefined && initrd.version !== undefined && kernel.version !== initrd.version)
    findings.push(
      problem(
        'osie-mismatch',
        `In ${directory} the kernel is ${kernel.version}, and the modules in initrd.img are for ${initrd.version}: it would start without disks and network.`,
        next,
      ),
    );
  else if (described && (described.kernelBytes !== kernel.bytes || described.initrdBytes !== initrd.bytes))
    findings.push(
      problem(
        'osie-changed',
        `The files in ${directory} are not those that its osie.json names: one was cut short, or comes from another build.`,
        next,
      ),
    );
  else
    findings.push(
      ok('osie', `The in-memory system is there, with kernel ${kernel.version ?? 'of an unknown version'}.`),
    );
  return findings;
}

/** What the in-memory system needs where its description does not say, MiB. */
const MEMORY_MIB = 1024;
/** Firmware and kernel keep some of what is built in, and tell less. */
const KEPT = 0.85;

export function judgeMemory(
  { described }: Pick<BootFacts, 'described'>,
  appliance: Pick<ApplianceFacts, 'machines'> | undefined,
): Finding[] {
  const needed = described?.memoryMiB ?? MEMORY_MIB;
  const small = appliance?.machines?.filter(({ memory }) => memory < needed * MIB * KEPT) ?? [];
  if (small.length === 0) {
    const known = appliance?.machines?.length;
    const whose = known ? ` All ${known} machines whose memory is known have that.` : '';
    return [ok('memory', `The in-memory system needs ${needed} MiB of memory.${whose}`)];
  }
  return small.map(({ name, memory }) =>
    warning(
      'memory-too-small',
      `${name} has ${Math.round(memory / MIB)} MiB of memory, and the in-memory system needs ${needed} MiB.`,
      'Give it more memory, or boot it into an environment of its own.',
    ),
  );
}
