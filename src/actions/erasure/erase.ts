/** Erases a disk for good: by the best means that it has, and that samples read afterwards bear out. */
import { messageOf } from '../../errors.ts';
import { type ActionIo, bytesText, type Host, say } from '../action.ts';
import type { Disk } from '../disk.ts';
import { type Capabilities, type Means, meansOf, promisedBy, type Tried } from './means.ts';
import { perform } from './perform.ts';
import type { DiskRecord } from './record.ts';
import { judgeSamples, readSamples, type Sample, samplePositions } from './samples.ts';

export type Erased = Pick<DiskRecord, 'erased' | 'means' | 'verified' | 'samples' | 'found' | 'tried' | 'failure'>;

/**
 * @param overwrite writes zeros to all of it
 * @throws the signal's reason when the action is stopped
 */
export async function eraseSecurely(
  disk: Disk,
  capabilities: Capabilities,
  overwrite: () => Promise<void>,
  io: ActionIo,
  host: Host,
): Promise<Erased> {
  const { usable, ruledOut } = meansOf(capabilities);
  const tried: Tried[] = [...ruledOut];
  const tell = (line: string): void => say(io, `wipe: ${disk.path}: ${line}`);
  for (const { means, why } of ruledOut) tell(`not ${means}: ${why}`);
  const ata = capabilities.ata && 'supported' in capabilities.ata ? capabilities.ata : undefined;
  const positions = samplePositions(disk.size, host.random);
  // A drive that is locked reads nothing.
  const before: Sample[] = await readSamples(disk, positions, host).catch(() => positions.map(() => undefined));
  for (const means of usable) {
    tell(`${means} of ${bytesText(disk.size)}${duration(means, capabilities)}`);
    const why = await perform(means, { disk, ata, io, host, overwrite });
    const judged = why === undefined ? await judge(means, before) : { why };
    if ('found' in judged) {
      tell(`erased by ${means}; ${positions.length} samples read back: ${judged.found}`);
      return { erased: true, means, verified: true, samples: positions.length, found: judged.found, tried };
    }
    tell(`${means} did not do it: ${judged.why}`);
    tried.push({ means, why: judged.why });
  }
  const failure = `not erased: ${tried.at(-1)?.why ?? 'there is no means'}`;
  return { erased: false, verified: false, tried, failure };

  async function judge(means: Means, earlier: readonly Sample[]): Promise<ReturnType<typeof judgeSamples>> {
    try {
      return judgeSamples(promisedBy(means), earlier, await readSamples(disk, positions, host));
    } catch (error) {
      io.signal.throwIfAborted();
      return { why: messageOf(error) };
    }
  }
}

/** What a drive says of it. */
function duration(means: Means, { ata }: Capabilities): string {
  if (ata === undefined || 'unknown' in ata) return '';
  const minutes =
    means === 'ata-erase' ? ata.minutes?.normal : means === 'ata-erase-enhanced' ? ata.minutes?.enhanced : undefined;
  return minutes === undefined ? '' : `, which takes ${minutes} min by the drive's own word`;
}
