/** Folders of workflows on a worker's machine. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { removeFolder, workflowFolders } from '../../src/worker/folders.ts';
import { temporaryDirectory } from '../store/opened.ts';

const [ONE, TWO] = ['11111111-2222-4333-8444-555555555555', '66666666-7777-4888-9999-000000000000'];

it('are those with the id of a workflow, and go with what is beside them', async (t) => {
  const directory = temporaryDirectory(t);
  for (const id of [ONE, TWO, 'other']) {
    mkdirSync(join(directory, id, 'deep'), { recursive: true });
    writeFileSync(join(directory, `${id}.json`), '{}');
  }
  assert.deepEqual((await workflowFolders(directory)).sort(), [ONE, TWO]);
  await removeFolder(directory, ONE);
  await removeFolder(directory, 'other');
  await removeFolder(directory, '../etc');
  assert.deepEqual(readdirSync(directory).sort(), [TWO, `${TWO}.json`, 'other', 'other.json']);
  assert.deepEqual(await workflowFolders(join(directory, 'none')), []);
});
