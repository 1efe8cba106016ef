/** Reboot, power-off and kexec, done by the worker itself: no container outlives them. */
import { readFile, writeFile } from 'node:fs/promises';
import { messageOf } from '../errors.ts';
import { runProgram } from '../run-program.ts';
import type { Verb } from '../workflows/template/document.ts';
import type { Clock } from './clock.ts';
import type { Say } from './console.ts';

export type { Verb };

export interface Power {
  /** Why it would not work, one sentence, as far as that can be seen before. */
  obstacle(verb: Verb): Promise<string | undefined>;
  /** Does it. If the machine is still there when this returns, it did not work. */
  perform(verb: Verb, signal: AbortSignal): Promise<void>;
}

/** Commands by verb, the first that starts counts. `-f`: without asking an init, which the in-memory OS may not have. */
const COMMANDS: Record<Verb, readonly (readonly [string, ...string[]])[]> = {
  reboot: [
    ['/sbin/reboot', '-f'],
    ['/usr/sbin/reboot', '-f'],
    ['systemctl', 'reboot', '--force', '--force'],
  ],
  poweroff: [
    ['/sbin/poweroff', '-f'],
    ['/usr/sbin/poweroff', '-f'],
    ['systemctl', 'poweroff', '--force', '--force'],
  ],
  kexec: [
    ['/sbin/kexec', '-e'],
    ['/usr/sbin/kexec', '-e'],
  ],
};
/** Kernel documentation, admin-guide/sysrq.rst. A kexec that did not work becomes a restart, so that the machine comes back. */
const SYSRQ: Record<Verb, 'b' | 'o'> = { reboot: 'b', poweroff: 'o', kexec: 'b' };
const PATIENCE_MS = 10_000;
const SYNC_LIMIT_MS = 60_000;

/** What the machine's kernel and programs do for it. */
export interface Host {
  /** Runs a program to its end. @throws when it can't be started, fails, or takes longer than `limit` ms */
  run(command: readonly [string, ...string[]], limit: number): Promise<void>;
  /** Writes one letter to the kernel's trigger for magic keys. */
  sysrq(key: string): Promise<void>;
  /** Whether a kernel is loaded for kexec; undefined: this kernel does not say. */
  kexecLoaded(): Promise<boolean | undefined>;
}

/** Kernel documentation, ABI/testing/sysfs-kernel-kexec: 1 or 0. It is not there in a kernel without kexec. */
const KEXEC_LOADED = '/sys/kernel/kexec_loaded';

export const linuxHost: Host = {
  run: async ([program, ...args], limit) =>
    void (await runProgram(program, args, { timeout: limit, killSignal: 'SIGKILL' })),
  sysrq: (key) => writeFile('/proc/sysrq-trigger', key),
  async kexecLoaded() {
    const text = await readFile(KEXEC_LOADED, 'utf8').catch(() => undefined);
    return text === undefined ? undefined : text.trim() === '1';
  },
};

/** Flushes what was written; a disk that hangs does not hold it up for ever. */
export async function syncDisks(host: Host, say: Say): Promise<void> {
  await host.run(['sync'], SYNC_LIMIT_MS).catch((error: unknown) => say(`sync did not end well: ${messageOf(error)}`));
}

export function hostPower({ host = linuxHost, clock, say }: { host?: Host; clock: Clock; say: Say }): Power {
  return {
    async obstacle(verb) {
      if (verb !== 'kexec') return undefined;
      const loaded = await host.kexecLoaded();
      if (loaded === undefined) return "this machine's kernel can't do kexec";
      return loaded ? undefined : 'no kernel has been loaded for kexec: an action before this one has to load it';
    },
    async perform(verb, signal) {
      await syncDisks(host, say);
      signal.throwIfAborted();
      for (const command of COMMANDS[verb]) {
        try {
          await host.run(command, PATIENCE_MS);
          break;
        } catch (error) {
          say(`${command.join(' ')}: ${messageOf(error)}`);
        }
      }
      await clock.sleep(PATIENCE_MS, signal);
      say(`this machine is still here: asking the kernel itself (sysrq ${SYSRQ[verb]})`);
      await host.sysrq(SYSRQ[verb]).catch((error: unknown) => say(messageOf(error)));
    },
  };
}
