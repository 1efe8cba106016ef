import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** Compiles a load client, named from this folder without `.c`, into another. @returns the program */
export async function compiled(name: string, folder: string): Promise<string> {
  const program = join(folder, basename(name));
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url));
  await promisify(execFile)('gcc', ['-O2', '-Wall', '-o', program, source]);
  return program;
}
