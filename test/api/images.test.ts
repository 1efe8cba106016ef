import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { layer, saved, tar } from '../registry/archives.ts';
import { running } from './running.ts';

test('the registry is open to workers, page by page where that is asked', async (t) => {
  const all = await running(t);
  const archive = await tar(saved(['foo:1', 'foo:2', 'foo:3'], [await layer('a', 'a')]));
  await all.images.load(Readable.from([archive]));
  const { status, json } = await all.call('GET', '/v2/docker.io/library/foo/tags/list?n=2', { token: '' });
  assert.deepEqual([status, json.tags], [200, ['1', '2']]);
});
