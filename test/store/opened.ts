/** A store in a directory of its own, gone after the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openStore, type Store } from '../../src/store/index.ts';

export function temporaryDirectory(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'tinsmith-test-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export async function opened(t: TestContext): Promise<Store> {
  const store = await openStore(temporaryDirectory(t));
  t.after(() => store.close());
  return store;
}

/** Everything that a generator gives. */
export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
