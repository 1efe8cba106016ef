/** Erases a disk by one means. */
import type { ActionIo, Host } from '../action.ts';
import { ActionFailure } from '../action.ts';
import type { Disk } from '../disk.ts';
import type { AtaSecurity, Means } from './means.ts';
import { askProgram } from './said.ts';

/** ATA takes no erasure without a password, and forgets it afterwards. Known, so that a drive can be helped on after a power cut. */
export const ATA_PASSWORD = 'tinsmith';

/** For Format NVM, ms: nvme-cli's own 10 minutes are too short for some. */
const FORMAT_LIMIT = 4 * 3_600_000;
/** For a sanitize, which goes on in the drive by itself, ms. */
const SANITIZE_LIMIT = 24 * 3_600_000;
const SANITIZE_LOOK = 2_000;
const SANITIZE_ACTION = { 'nvme-sanitize-block': 2, 'nvme-sanitize-crypto': 4, leaveFailure: 1 } as const;
/** NVMe base specification 1.4, figure 228: the log page, and the status in bits 2 to 0 of its bytes 2 and 3. */
const SANITIZE_LOG = ['--log-id=129', '--log-len=4', '--raw-binary'];
const SANITIZED = { under: 2, failed: 3 };

export interface Performing {
  disk: Disk;
  /** Of a SATA disk. */
  ata: AtaSecurity | undefined;
  io: ActionIo;
  host: Host;
  /** Writes zeros to all of it. @throws ActionFailure */
  overwrite: () => Promise<void>;
}

/** @returns why it was not done. @throws the signal's reason when the action is stopped */
export async function perform(means: Means, work: Performing): Promise<string | undefined> {
  const { disk, io, host } = work;
  const run = async (program: string, ...args: string[]): Promise<string | undefined> => {
    const said = await askProgram(host, io, program, args);
    return 'why' in said ? said.why : undefined;
  };
  switch (means) {
    case 'nvme-format':
      return run('nvme', 'format', disk.path, '--ses=1', '--force', `--timeout=${FORMAT_LIMIT}`);
    case 'nvme-sanitize-block':
    case 'nvme-sanitize-crypto':
      return sanitize(means, work);
    case 'ata-erase-enhanced':
      return eraseAta('--security-erase-enhanced', work);
    case 'ata-erase':
      return eraseAta('--security-erase', work);
    case 'secure-discard':
      return run('blkdiscard', '--secure', disk.path);
    case 'write-zeroes':
      return run('blkdiscard', '--zeroout', disk.path);
    case 'overwrite':
      try {
        await work.overwrite();
        return undefined;
      } catch (error) {
        if (!(error instanceof ActionFailure)) throw error;
        return error.message;
      }
  }
}

async function eraseAta(
  option: '--security-erase' | '--security-erase-enhanced',
  { disk, ata, io, host }: Performing,
): Promise<string | undefined> {
  const tell = async (what: string): Promise<string | undefined> => {
    const said = await askProgram(host, io, 'hdparm', ['--user-master', 'u', what, ATA_PASSWORD, disk.path]);
    return 'why' in said ? said.why : undefined;
  };
  // One that is set may be ours, of an erasure that was cut short.
  const refused = ata?.enabled ? undefined : await tell('--security-set-pass');
  if (refused !== undefined) return `no password can be set: ${refused}`;
  const failed = await tell(option);
  if (failed === undefined) return undefined;
  // Else it would be locked after the next start.
  const kept = await tell('--security-disable');
  const left = kept === undefined || ata?.enabled ? '' : `; its password is ${ATA_PASSWORD} now, as ${kept}`;
  return `${failed}${ata?.enabled ? '; a password is set that is not ours' : ''}${left}`;
}

async function sanitize(
  means: 'nvme-sanitize-block' | 'nvme-sanitize-crypto',
  { disk, io, host }: Performing,
): Promise<string | undefined> {
  const begin = (action: number) => askProgram(host, io, 'nvme', ['sanitize', disk.path, `--sanact=${action}`]);
  const begun = await begin(SANITIZE_ACTION[means]);
  if ('why' in begun) return begun.why;
  for (const until = host.clock() + SANITIZE_LIMIT; host.clock() < until; ) {
    const said = await askProgram(host, io, 'nvme', ['get-log', disk.path, ...SANITIZE_LOG]);
    if ('why' in said) return said.why;
    if (said.stdout.length < 4) return 'the controller does not say how far it is';
    switch (said.stdout.readUInt16LE(2) & 0b111) {
      case SANITIZED.under:
        await host.wait(SANITIZE_LOOK, io.signal);
        break;
      case SANITIZED.failed:
        // Until then it takes no other commands.
        await begin(SANITIZE_ACTION.leaveFailure);
        return 'the controller says that it has failed';
      default:
        return undefined;
    }
  }
  return `it has not ended after ${SANITIZE_LIMIT / 3_600_000} hours`;
}
