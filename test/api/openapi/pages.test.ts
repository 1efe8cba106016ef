/** Pages of lists: together they are the list, whatever comes and goes between two of them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byAge, isNamed, pageOf } from '../../../src/api/openapi/index.ts';
import { hardware } from '../../machines/examples.ts';
import { running } from '../running.ts';

const item = fc.record({ createdAt: fc.integer({ min: 0, max: 50 }), id: fc.uuid() });
const items = fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 30 });
const ids = (of: readonly { id: string }[]): string[] => of.map(({ id }) => id);

function allPages(list: (after: string | undefined) => { data: { id: string }[]; next?: string }): string[] {
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const page = list(after);
    seen.push(...ids(page.data));
    after = page.next;
  } while (after !== undefined);
  return seen;
}

describe('pages', () => {
  it('are together the whole list in its order', () => {
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 10 }), (all, limit) => {
        const seen = allPages((after) => {
          const page = pageOf(all, byAge, { limit, after });
          assert.ok(page.data.length <= limit);
          return page;
        });
        const sorted = [...all].sort((a, b) => (byAge(a) < byAge(b) ? -1 : 1));
        assert.deepEqual(seen, ids(sorted));
      }),
    );
  });

  it('leave nothing out and repeat nothing when items come and go in between', () => {
    fc.assert(
      fc.property(items, items, fc.integer({ min: 1, max: 5 }), (before, other, limit) => {
        const stay = before.filter((_, i) => i % 2 === 0);
        let list = before;
        const seen = allPages((after) => {
          const page = pageOf(list, byAge, { limit, after });
          list = [...stay, ...other];
          return page;
        });
        assert.equal(new Set(seen).size, seen.length);
        for (const id of ids(stay)) assert.ok(seen.includes(id));
      }),
    );
  });

  it('are refused with a cursor that is none', () => {
    for (const after of ['', 'x', '!!', 'YQ==']) assert.throws(() => pageOf([], byAge, { limit: 1, after }), /`next`/);
  });

  it('are of the size that is asked for, at most 1000, through the API', async (t) => {
    const { call, machines } = await running(t);
    await machines.push([1, 2, 3].map((n) => hardware(n, { hostname: `node${n}` })));
    const first = (await call('GET', '/api/v1/machines?limit=2')).json;
    assert.equal(first.data.length, 2);
    const second = (await call('GET', `/api/v1/machines?limit=2&after=${first.next}`)).json;
    assert.deepEqual([second.data.length, second.next], [1, undefined]);
    for (const wrong of ['limit=0', 'limit=1001', 'limit=x', 'after=x', 'lmit=1'])
      assert.equal((await call('GET', `/api/v1/machines?${wrong}`)).status, 422, wrong);
    const names = async (query: string): Promise<string[]> =>
      (await call('GET', `/api/v1/machines?${query}`)).json.data.map(({ name }: { name: string }) => name).sort();
    assert.deepEqual(await names('name=NODE*'), ['node1', 'node2', 'node3']);
    assert.deepEqual(await names('name=*2'), ['node2']);
    assert.deepEqual(await names('name=node'), []);
    const mac = machines.find('node3').hardware.network.interfaces[0]?.dhcp.mac ?? '';
    assert.deepEqual(await names(`mac=${mac.toUpperCase().replaceAll(':', '-')}`), ['node3']);
  });
});

describe('a name with *', () => {
  it('is matched as its regular expression would be', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 8 });
    fc.assert(
      fc.property(letters, pattern, (name, wanted) => {
        const regular = new RegExp(`^${wanted.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        assert.equal(isNamed(name, wanted), regular.test(name));
      }),
      { numRuns: 500 },
    );
  });
});
