import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Compiles a load client of this folder into another. @returns the program */
export async function compiled(name: string, folder: string): Promise<string> {
  const program = join(folder, name);
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
  await promisify(execFile)('gcc', ['-O2', '-Wall', '-o', program, source]);
  return program;
}
