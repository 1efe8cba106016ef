/** The folders that workflows have on this machine: they are removed once the server wants nothing more of them. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { WORKFLOWS_ASKED } from './protocol.ts';

/** A workflow's id is a UUID: nothing else below the directory is ours to remove. */
const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Ids of workflows that have a folder below the directory; as many as the server is asked about at once. */
export async function workflowFolders(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => ID.test(name)).slice(0, WORKFLOWS_ASKED);
  } catch {
    // There is none before the first workflow.
    return [];
  }
}

/** Removes what a workflow has below the directory. */
export async function removeFolder(directory: string, workflow: string): Promise<void> {
  if (!ID.test(workflow)) return;
  // The folder last: as long as it is there, it is asked about again.
  for (const name of [`${workflow}.json`, `${workflow}.json.new`, `${workflow}.new`, workflow])
    await rm(join(directory, name), { recursive: true, force: true });
}
