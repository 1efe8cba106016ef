/** Whatever is put, deleted, added and removed, one after another and at once: content is right, and stored. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  builtinPack,
  type Catalogue,
  type Content,
  checkWith,
  nameOf,
  type Pack,
  parsePack,
  SECTIONS,
  type Section,
} from '../../src/content/index.ts';
import { layered } from '../../src/content/layers.ts';
import { TinsmithError } from '../../src/errors.ts';
import { EventLog } from '../../src/store/index.ts';
import { opened } from '../store/opened.ts';
import { checkText, over } from './examples.ts';

const NAMES = ['a', 'b', 'c', 'local'];
const name = fc.constantFrom(...NAMES);
const few = fc.array(name, { maxLength: 2 });
const rarely = <T>(value: fc.Arbitrary<T>) => fc.option(value, { freq: 3, nil: undefined });

const inputs: { [S in Section]: fc.Arbitrary<object> } = {
  bootenvs: fc.record({ name, onlyUnknown: fc.boolean() }),
  params: fc.record({ name, schema: rarely(fc.constantFrom({ type: 'integer' }, { type: 'string' }, { type: 'no' })) }),
  profiles: fc.record({ name, profiles: few, params: rarely(fc.dictionary(name, fc.constantFrom(1, 'one'))) }),
  stages: fc.record({
    name,
    bootEnv: rarely(name),
    tasks: few,
    profiles: rarely(few),
    params: rarely(fc.record({ 'change-stage/map': fc.dictionary(name, fc.constantFrom('a', 'b:Stop', 'local:Go')) })),
  }),
  tasks: fc.record({
    name,
    prerequisites: fc.array(name, { maxLength: 1 }),
    templates: rarely(fc.constantFrom([{ name: 't', id: 'a' }], [{ name: 't', contents: '{{ x' }])),
  }),
  templates: fc.record({ id: name, contents: fc.constantFrom('', '{{ .Param "x" }}', '{{template "b"}}', '{{') }),
  workflows: fc.record({ name, stages: few }),
};
const put = fc
  .constantFrom(...SECTIONS)
  .chain((section) => inputs[section].map((input) => ({ section, input: JSON.parse(JSON.stringify(input)) })));
const packName = fc.constantFrom('p', 'q');
const pack = fc.record({ meta: fc.record({ name: packName }), puts: fc.array(put, { maxLength: 4 }) });

type Step =
  | { do: 'put'; puts: { section: Section; input: object }[] }
  | { do: 'delete'; section: Section; name: string }
  | { do: 'add'; pack: Pack | undefined }
  | { do: 'remove'; name: string };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('put' as const), puts: fc.array(put, { minLength: 1, maxLength: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('delete' as const), section: fc.constantFrom(...SECTIONS), name }),
  },
  {
    weight: 2,
    arbitrary: pack.map(({ meta, puts }) => ({ do: 'add' as const, pack: packOf(meta, puts) })),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), name: packName }) },
);

function packOf(meta: object, puts: readonly { section: Section; input: object }[]): Pack | undefined {
  const sections = Map.groupBy(puts, ({ section }) => section);
  const lists = [...sections].map(([section, of]) => [section, of.map(({ input }) => input)]);
  try {
    return parsePack(JSON.stringify({ meta, sections: Object.fromEntries(lists) }));
  } catch (error) {
    assert.ok(error instanceof TinsmithError && error.code === 'INVALID_INPUT', String(error));
    return undefined;
  }
}

async function take(content: Content, one: Step): Promise<boolean> {
  try {
    if (one.do === 'put') await content.putAll(one.puts);
    else if (one.do === 'delete') await content.delete(one.section, one.name);
    else if (one.do === 'remove') await content.removePack(one.name);
    else if (one.pack) await content.addPack(one.pack);
    return true;
  } catch (error) {
    assert.ok(error instanceof TinsmithError, String(error));
    assert.ok(['INVALID_INPUT', 'CONFLICT', 'NOT_FOUND'].includes(error.code), String(error));
    return false;
  }
}

/** What can be said of content without looking how it came about. */
function assertRight(content: Content): void {
  const catalogue: Catalogue = content.catalogue();
  assert.deepEqual(checkWith(checkText)(catalogue), []);
  for (const section of SECTIONS) {
    for (const [key, object] of catalogue[section]) {
      assert.equal(nameOf(object), key);
      const origin = content.origin(section, key);
      assert.ok(origin);
      if (origin.layer === 'local') continue;
      assert.ok(content.pack(origin.pack ?? '').objects[section].some((each) => nameOf(each) === key));
    }
  }
}

describe('sequences of changes', () => {
  it('never leave content that is wrong, and are there after a restart', async (t) => {
    const store = await opened(t);
    const counts = { done: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), async (turns) => {
        await store.clear('content');
        const { content } = await over(store);
        for (const turn of turns) {
          // The steps of a turn are decided before any of them is on disk.
          const done = await Promise.all(turn.map((one) => take(content, one)));
          for (const isDone of done) counts[isDone ? 'done' : 'refused']++;
          assertRight(content);
        }
        const again = (await over(store)).content;
        assert.deepEqual(again.catalogue(), content.catalogue());
        assert.deepEqual(again.packs(), content.packs());
      }),
      { numRuns: 120 },
    );
    assert.ok(counts.done > 100 && counts.refused > 100, JSON.stringify(counts));
  });

  it('that are refused leave no trace', async (t) => {
    const store = await opened(t);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        await store.clear('content');
        const { content } = await over(store);
        for (const one of steps) {
          const [before, events] = [content.catalogue(), await EventLog.open(store, () => 0)];
          const stored = await store.entries('content');
          if (await take(content, one)) continue;
          assert.equal(content.catalogue(), before);
          assert.deepEqual(await store.entries('content'), stored);
          assert.equal((await EventLog.open(store, () => 0)).last, events.last);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('start from what is built in', () => {
    const { catalogue, overlaps } = layered({ builtin: [builtinPack], packs: new Map(), local: new Map() });
    assert.deepEqual([checkWith(checkText)(catalogue), overlaps], [[], []]);
  });
});
