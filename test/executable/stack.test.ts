import assert from 'node:assert/strict';
import { SourceMap } from 'node:module';
import { describe, it } from 'node:test';
import { mapStack } from '../../src/executable/stack.ts';

/** Of `a.ts`: column 1 of the first line is its line 8, column 3; column 11 is of a source that was left out of the map. */
const map = new SourceMap({
  ...{ version: 3, file: 'main.cjs', sources: ['../../src/a.ts'], sourcesContent: [], names: [], sourceRoot: '' },
  mappings: 'AAOE,UCAA',
});
const stackAt = (column: number) => `Error: no\n    at f (/snapshot/dist/main.cjs:1:${column})`;

describe('a stack of the packaged executable', () => {
  it('says places in the sources', () => {
    assert.equal(
      mapStack(stackAt(1), () => map),
      'Error: no\n    at f (src/a.ts:8:3)',
    );
    assert.equal(
      mapStack('at file:///x/dist/cli.cjs:1:1', () => map),
      'at src/a.ts:8:3',
    );
  });

  it('stays as it is where a place is of a library, or there is no map', () => {
    assert.equal(
      mapStack(stackAt(11), () => map),
      stackAt(11),
    );
    assert.equal(
      mapStack(stackAt(1), () => null),
      stackAt(1),
    );
    assert.equal(
      mapStack('Error: no\n    at node:fs:1:1', () => map),
      'Error: no\n    at node:fs:1:1',
    );
  });
});
