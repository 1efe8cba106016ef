/** `writefile`: writes one file on a partition's file system. */
import { randomUUID } from 'node:crypto';
import { chmod, chown, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import { type Action, ActionFailure, bytesText, say } from './action.ts';
import { device, fileSystem, mountedPath, numericId, octalMode, readEnvironment } from './environment.ts';
import { resolveInside } from './inside.ts';
import { withFileSystem } from './mounted.ts';

const VARIABLES = {
  DEST_DISK: device,
  FS_TYPE: fileSystem,
  DEST_PATH: mountedPath,
  CONTENTS: z.string().default(''),
  UID: numericId,
  GID: numericId,
  MODE: octalMode,
  DIRMODE: octalMode,
};

/** Writes CONTENTS to DEST_PATH, whole or not at all; directories that are not there are made. */
export const writefile: Action = async (environment, io, host) => {
  const settings = readEnvironment(VARIABLES, environment);
  const { DEST_DISK, FS_TYPE, DEST_PATH, CONTENTS, UID, GID } = settings;
  return await withFileSystem(DEST_DISK, FS_TYPE, io, host, async (root) => {
    const failed = (cause: unknown): never => {
      if (cause instanceof ActionFailure) throw cause;
      throw new ActionFailure(`cannot write ${DEST_PATH} on ${DEST_DISK}: ${messageOf(cause)}`, 1, cause);
    };
    const path = await resolveInside(root, DEST_PATH, async (directory) => {
      await mkdir(directory).catch(failed);
      await chown(directory, UID, GID).catch(failed);
      await chmod(directory, settings.DIRMODE).catch(failed); // after mkdir, whose mode the umask cuts
    });
    const there = await lstat(path).catch(() => undefined);
    if (path === root || there?.isDirectory()) throw new ActionFailure(`${DEST_PATH} on ${DEST_DISK} is a directory`);
    const aside = `${path}.${randomUUID().slice(0, 8)}`;
    try {
      const file = await open(aside, 'wx');
      try {
        await file.writeFile(CONTENTS);
        await file.chown(UID, GID);
        await file.chmod(settings.MODE); // after chown, which takes set-user-id away
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(aside, path);
    } catch (error) {
      await rm(aside, { force: true });
      failed(error);
    }
    say(io, `writefile: wrote ${bytesText(Buffer.byteLength(CONTENTS))} to ${DEST_PATH} on ${DEST_DISK}`);
    return 0;
  });
};
