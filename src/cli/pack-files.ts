/** Packs that commands read: one file, or a folder as Digital Rebar's command line bundles it. */
import { readdirSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { TinsmithError } from '../errors.ts';
import { inFile } from './failure.ts';
import { readInput, readTextFile, unreadable } from './files.ts';
import type { Terminal } from './terminal.ts';

/** A pack as it is sent. */
export interface PackText {
  text: string;
  /** The same error, its problems placed in the file, or the files, that the pack came from. */
  placed(error: unknown): unknown;
}

/**
 * @param path a file, `-` or undefined for standard input, or a folder
 * @throws TinsmithError NOT_FOUND, USAGE, INVALID_INPUT (a file of the folder is no YAML)
 */
export async function readPack(path: string | undefined, terminal: Terminal): Promise<PackText> {
  if (path === undefined || path === '-' || !isFolder(path)) {
    const { text, name } = await readInput(path, terminal);
    return { text, placed: (error) => inFile(error, name) };
  }
  const { document, placed } = await readFolder(path);
  return { text: JSON.stringify(document), placed };
}

/** A folder as one pack. @throws TinsmithError NOT_FOUND, INVALID_INPUT */
export async function readFolder(folder: string) {
  const { bundleOf } = await import('../content/pack-folder.ts');
  const files = filesIn(folder).map((file) => ({
    path: relative(folder, file).split(sep).join('/'),
    text: readTextFile(file),
  }));
  const { document, problems, placed } = bundleOf(basename(resolve(folder)), files);
  const inFolder = <T extends { file?: string | undefined }>(problem: T): T =>
    problem.file === undefined ? problem : { ...problem, file: join(folder, problem.file) };
  const wrong = (code: TinsmithError['code'], all: TinsmithError['problems'], next: string | undefined) => {
    const count = all.length === 1 ? 'There is a problem' : `There are ${all.length} problems`;
    return new TinsmithError(code, `${count} with the pack in ${folder}.`, { next, problems: all.map(inFolder) });
  };
  if (problems.length > 0) throw wrong('INVALID_INPUT', problems, 'Correct the files; nothing has been changed.');
  return {
    document,
    placed: (error: unknown): unknown => {
      if (!(error instanceof TinsmithError) || error.problems.length === 0) return error;
      return wrong(error.code, error.problems.map(placed), error.next);
    },
  };
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** All files of a folder and those in it; what is hidden only where it may say something of the pack. */
function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() || (entry.isSymbolicLink() && isFile(join(entry.parentPath, entry.name))))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter(
        (file) =>
          !relative(folder, file)
            .split(sep)
            .slice(0, -1)
            .some((part) => part.startsWith('.')),
      );
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
