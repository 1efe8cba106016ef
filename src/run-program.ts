/** Programs of the system that this runs on. */
import { type ExecFileOptions, execFile } from 'node:child_process';

/**
 * Runs a program to its end. Not `promisify(execFile)`: in the executable that gives something else, since pkg puts a function
 * of its own in the place of `execFile`.
 * @returns what it wrote to its standard output
 * @throws the error of `execFile`, when it cannot be started, fails, or takes longer than `options.timeout` ms
 */
export function runProgram(program: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, encoding: 'utf8' }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
  });
}
