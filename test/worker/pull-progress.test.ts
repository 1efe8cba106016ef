import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PullProgress } from '../../src/worker/pull-progress.ts';

test('a pull is added up over its layers', () => {
  const pull = new PullProgress();
  assert.equal(pull.add({ status: 'Pulling from library/busybox', id: 'latest' }), undefined);
  pull.add({ id: 'a', status: 'Downloading', progressDetail: { current: 10, total: 100 } });
  assert.deepEqual(pull.add({ id: 'b', status: 'Downloading', progressDetail: { current: 5, total: 50 } }), {
    downloaded: 15,
    total: 150,
  });
  assert.deepEqual(pull.add({ id: 'a', status: 'Download complete' }), { downloaded: 105, total: 150 });
  assert.deepEqual(pull.add({ id: 'a', status: 'Extracting', progressDetail: { current: 1, total: 100 } }), {
    downloaded: 105,
    total: 150,
  });
  assert.deepEqual(pull.add({ id: 'c', status: 'Already exists' }), { downloaded: 105, total: 150 });
});
