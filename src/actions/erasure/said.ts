/** Programs that are asked for what they say. */
import { Writable } from 'node:stream';
import { messageOf } from '../../errors.ts';
import type { ActionIo, Host } from '../action.ts';

/** How a program ended, and what it wrote. `why`: it did not do what it was asked, in its own words. */
export type Said = { stdout: Buffer } | { why: string };

/** Runs a program. @throws the signal's reason when the action is stopped */
export async function askProgram(
  host: Host,
  io: Pick<ActionIo, 'signal'>,
  program: string,
  args: readonly string[],
): Promise<Said> {
  const chunks: Buffer[] = [];
  const into = (keep: (bytes: Buffer) => void): Writable =>
    new Writable({
      write(bytes: Buffer, _, done) {
        keep(bytes);
        done();
      },
    });
  try {
    const output = { stdout: into((bytes) => chunks.push(bytes)), stderr: into(() => {}), signal: io.signal };
    const { code, complaint } = await host.run(program, args, output);
    const stdout = Buffer.concat(chunks);
    if (code === 0) return { stdout };
    // nvme-cli complains on its standard output.
    const words = complaint || stdout.toString('utf8').trim();
    return { why: `${program} ended with ${code}${words === '' ? '' : `: ${lastLine(words)}`}` };
  } catch (error) {
    io.signal.throwIfAborted();
    return { why: messageOf(error) };
  }
}

/** The last line of a text is what a program gave up with. */
function lastLine(text: string): string {
  return (text.split('\n').at(-1) ?? '').trim().slice(0, 300);
}
