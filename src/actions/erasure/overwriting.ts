/** Writing zeros to whole disks, several at a time, and saying how far they are. */
import { type ActionIo, bytesText, type Host, say } from '../action.ts';
import { type Disk, DiskWriter, openDisk } from '../disk.ts';

/** Bytes that are handed to the writer at once. */
const PIECE = 4 * 1024 * 1024;
/** Disks that are written at a time: each takes memory, and the machine runs from that. */
const AT_ONCE = 12;

export class Overwriting {
  readonly #io: ActionIo;
  readonly #host: Host;
  /** ms */
  readonly #interval: number;
  readonly #disks = new Map<Disk, { written: number; since: number; runs: boolean }>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #ticking: NodeJS.Timeout | undefined;

  /** @param seconds between two lines of progress */
  constructor(io: ActionIo, host: Host, seconds: number) {
    this.#io = io;
    this.#host = host;
    this.#interval = Math.max(seconds, 0.1) * 1000;
  }

  /** @throws ActionFailure, or the signal's reason when the action is stopped */
  async overwrite(disk: Disk): Promise<void> {
    if (this.#running < AT_ONCE) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await this.#overwrite(disk);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  async #overwrite(disk: Disk): Promise<void> {
    const state = { written: 0, since: this.#host.clock(), runs: true };
    this.#disks.set(disk, state);
    this.#ticking ??= setInterval(() => this.#tellAll(), this.#interval);
    try {
      await writeZeros(disk, this.#io.signal, (written) => {
        state.written = written;
      });
    } finally {
      this.#tellAll();
      state.runs = false;
      if (![...this.#disks.values()].some(({ runs }) => runs)) {
        clearInterval(this.#ticking);
        this.#ticking = undefined;
      }
    }
  }

  /** One line for each disk for people, and one of all for the worker, which shows it as progress. */
  #tellAll(): void {
    let [all, total] = [0, 0];
    for (const [{ path, size }, { written, since, runs }] of this.#disks) {
      all += written;
      total += size;
      if (!runs) continue;
      const rate = (written * 1000) / Math.max(this.#host.clock() - since, 1);
      const share = Math.floor((written * 100) / size);
      say(this.#io, `wipe: ${path}: ${share} % ${bytesText(written)} erased, ${bytesText(rate)}/s`);
    }
    say(this.#io, `progress ${JSON.stringify({ written: all, total })}`);
  }
}

async function writeZeros(disk: Disk, signal: AbortSignal, told: (written: number) => void): Promise<void> {
  const handle = await openDisk(disk);
  const writer = new DiskWriter(handle, disk);
  const zeros = Buffer.alloc(PIECE);
  try {
    for (let left = disk.size; left > 0; left -= PIECE) {
      signal.throwIfAborted();
      await writer.write(zeros.subarray(0, Math.min(PIECE, left)));
      told(writer.written);
    }
    await writer.finish();
    told(writer.written);
  } finally {
    await writer.settle();
    await handle.close();
  }
}
