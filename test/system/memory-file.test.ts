import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { memoryFile } from '../../src/system/memory-file.ts';

test('a file in memory has the bytes, in every thread', async () => {
  const bytes = randomBytes(3_000_000);
  const path = memoryFile('a loader', bytes) ?? assert.fail('there is none');
  assert.match(readlinkSync(path), /^\/memfd:a loader/);
  assert.ok(readFileSync(path).equals(bytes));
  const reading = `
    const { parentPort, workerData } = require('node:worker_threads');
    parentPort.postMessage(require('node:fs').readFileSync(workerData));`;
  const read = await new Promise<Uint8Array>((resolve, reject) => {
    new Worker(reading, { eval: true, workerData: path }).once('message', resolve).once('error', reject);
  });
  assert.ok(bytes.equals(read));
});
