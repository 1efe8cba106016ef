/** The data that the workers of a workflow share: versions, merges, refusals, and nothing lost between two writers. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { WorkerTokens } from '../../src/api/tokens.ts';
import { type JsonObject, mergeObjects } from '../../src/workflows/data-merge.ts';
import { running } from '../api/running.ts';
import { macOf } from '../machines/examples.ts';
import { device, made, pushed, TWO_ACTIONS } from './made.ts';

const bytes = (value: unknown): Buffer => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const by = (name: string) => ({ name });

async function created(t: TestContext, rules = '') {
  const parts = await made(t);
  await pushed(parts.machines, 1);
  await parts.templates.create(`${TWO_ACTIONS}${rules}`);
  const { id } = await parts.workflows.create({ template: 'install', devices: device(1) });
  const object = (version?: number): unknown => JSON.parse(parts.data.read(id, version)?.bytes.toString() ?? 'null');
  return { ...parts, id, object };
}

describe('the data of a workflow', () => {
  it('is nothing at first, and keeps every version with who wrote it and when', async (t) => {
    const { data, id, time, object } = await created(t);
    assert.equal(data.read(id), undefined);
    assert.deepEqual(
      await data.write(id, { bytes: bytes({ a: 1 }), base: 0, by: { name: 'x', worker: 'm', task: 't' } }),
      {
        version: 1,
        merged: false,
      },
    );
    time.now += 5;
    await data.write(id, { bytes: bytes({ a: 2 }), base: 1, by: by('y') });
    assert.deepEqual([object(1), object(2), object()], [{ a: 1 }, { a: 2 }, { a: 2 }]);
    const versions = await data.versions(id);
    assert.deepEqual(
      versions.map(({ version, at, by: who }) => [version, at, who.name]),
      [
        [1, 1_000_000, 'x'],
        [2, 1_000_005, 'y'],
      ],
    );
    assert.equal(versions[1]?.sha256, createHash('sha256').update('{"a":2}').digest('hex'));
  });

  it('is merged without touching numbers that a double cannot hold', async (t) => {
    const { data, id } = await created(t);
    const text = '{"wwn":18446744073709551615,"far":1e999,"of":[9007199254740993],"x":{"n":12345678901234567890}}';
    await data.write(id, { bytes: bytes(text), base: 0, by: by('x') });
    await data.write(id, { bytes: bytes({ b: 1 }), base: 0, by: by('y') });
    assert.equal(data.read(id)?.bytes.toString().replaceAll(/\s/g, ''), `${text.slice(0, -1)},"b":1}`);
    const changed = (wwn: string) => bytes(`{"wwn":${wwn},"b":1}`);
    await data.write(id, { bytes: changed('18446744073709551614'), base: 2, by: by('x') });
    await assert.rejects(data.write(id, { bytes: changed('18446744073709551613'), base: 2, by: by('y') }), {
      code: 'DATA_CONFLICT',
      message: /key wwn was changed/,
    });
  });

  it('is refused where it nests too deep, so that what comes after can still be merged', async (t) => {
    const { data, id, object } = await created(t);
    const nested = (levels: number): Buffer => bytes(`{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`);
    for (const levels of [250, 50_000])
      await assert.rejects(data.write(id, { bytes: nested(levels), base: 0, by: by('x') }), {
        code: 'INVALID_INPUT',
        message: /more than 200 deep/,
      });
    await data.write(id, { bytes: nested(190), base: 0, by: by('x') });
    await data.write(id, { bytes: bytes({ b: 1 }), base: 0, by: by('y') });
    assert.equal((object() as { b: number }).b, 1);
  });

  it('that has not changed is no new version', async (t) => {
    const { data, id } = await created(t);
    await data.write(id, { bytes: bytes({ a: 1 }), by: by('x') });
    assert.equal((await data.write(id, { bytes: bytes({ a: 1 }), by: by('y') })).version, 1);
  });

  it('merges what two writers made of one version, and tells the later', async (t) => {
    const { data, id, object } = await created(t);
    await data.write(id, { bytes: bytes({ operating_system: 'ubuntu_18_04', old: 1, net: { a: 1 } }), by: by('x') });
    await data.write(id, {
      bytes: bytes({ operating_system: 'ubuntu_18_04', mac_addr: 'F5', net: { a: 1, b: 2 } }),
      base: 1,
      by: by('x'),
    });
    const second = bytes({ operating_system: 'debian_12', old: 1, net: { a: 1, c: 3 } });
    assert.deepEqual(await data.write(id, { bytes: second, base: 1, by: by('y') }), { version: 3, merged: true });
    assert.deepEqual(object(), { operating_system: 'debian_12', mac_addr: 'F5', net: { a: 1, b: 2, c: 3 } });
  });

  it('refuses the later of two who changed one key differently, and names both', async (t) => {
    const { data, id, object } = await created(t);
    await data.write(id, { bytes: bytes({ disk: { name: 'sda' } }), by: by('x') });
    await data.write(id, { bytes: bytes({ disk: { name: 'sdb' } }), base: 1, by: by('action wipe on one') });
    await assert.rejects(
      data.write(id, { bytes: bytes({ disk: { name: 'sdc' } }), base: 1, by: by('action format on two') }),
      {
        code: 'DATA_CONFLICT',
        message:
          /key disk\.name was changed by action wipe on one \(version 2\) and, differently, by action format on two/,
      },
    );
    assert.deepEqual(object(), { disk: { name: 'sdb' } });
  });

  it('written whole, without a version to begin with, replaces what is there', async (t) => {
    const { data, id, object } = await created(t);
    await data.write(id, { bytes: bytes({ a: 1, b: 2 }), by: by('x') });
    await data.write(id, { bytes: bytes({ c: 3 }), by: by('an old worker') });
    assert.deepEqual(object(), { c: 3 });
  });

  for (const [what, text, message] of [
    ['a list', '[1]', /is no JSON object: it is a list/],
    ['no JSON', '{"a": ', /is no JSON object: .*JSON/],
    ['a number', '7', /it is a number/],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), /is no JSON object/],
    ['too much', `{"a":"${'x'.repeat(1 << 20)}"}`, /has 1048584 bytes; the limit is 1048576/],
  ] as const) {
    it(`refuses ${what}`, async (t) => {
      const { data, id } = await created(t);
      await assert.rejects(data.write(id, { bytes: Buffer.from(text), by: by('x') }), {
        code: 'INVALID_INPUT',
        message,
      });
      assert.equal(data.read(id), undefined);
    });
  }

  it('declared binary may be any bytes, and is never merged', async (t) => {
    const { data, id } = await created(t, 'data: { type: binary, limit: 4 }\n');
    const first = Buffer.from([0, 255, 10]);
    await data.write(id, { bytes: first, base: 0, by: by('x') });
    assert.deepEqual(data.read(id)?.bytes, first);
    await assert.rejects(data.write(id, { bytes: Buffer.from([1]), base: 0, by: by('y') }), { code: 'DATA_CONFLICT' });
    await assert.rejects(data.write(id, { bytes: Buffer.alloc(5), by: by('y') }), { code: 'INVALID_INPUT' });
    await data.write(id, { bytes: Buffer.from([2]), base: 1, by: by('y') });
    assert.deepEqual(
      await data.write(id, { bytes: first, base: 0, by: by('x') }),
      { version: 2, merged: true },
      'a writer that has not heard the answer may send it again',
    );
    assert.deepEqual(data.read(id)?.bytes, Buffer.from([2]));
  });

  it('goes with its workflow', async (t) => {
    const { data, id, workflows, store } = await created(t);
    await data.write(id, { bytes: bytes({ a: 1 }), by: by('x') });
    await workflows.delete(id);
    for (const prefix of ['data/', 'data-body/', 'data-head/', 'data-kind/'])
      assert.deepEqual(await store.values(prefix), [], prefix);
    await assert.rejects(data.write(id, { bytes: bytes({}), by: by('x') }), { code: 'NOT_FOUND' });
  });

  it('written by two workers at once, a thousand rounds each, loses nothing', async (t) => {
    const all = await running(t);
    const tokens: string[] = [];
    for (const n of [1, 2]) tokens.push(await new WorkerTokens(all.store).issue((await pushed(all.machines, n)).id));
    await all.templates.create(
      `${TWO_ACTIONS}  - name: other\n    worker: "{{.device_2}}"\n    actions:\n      - {name: add, image: add}\n`,
    );
    const { id } = await all.workflows.create({
      template: 'install',
      devices: { device_1: macOf(1), device_2: macOf(2) },
    });
    const ROUNDS = 1000;
    let merged = 0;
    const add = async (worker: number, action: number): Promise<void> => {
      const headers = { authorization: `Bearer ${tokens[worker]}` };
      for (let round = 0; round < ROUNDS; round++) {
        const read = await fetch(`${all.url}/api/v1/worker/data?workflow=${id}`, { headers });
        const base = read.headers.get('tinsmith-data-version');
        const object = JSON.parse((await read.text()) || '{}') as JsonObject;
        object[`worker_${worker}_${round}`] = round;
        object[`last_${worker}`] = round;
        const answer = await fetch(
          `${all.url}/api/v1/worker/data?workflow=${id}&action=${action}&attempt=1&base=${base}`,
          {
            method: 'PUT',
            headers,
            body: JSON.stringify(object),
          },
        );
        assert.equal(answer.status, 200);
        if (((await answer.json()) as { merged: boolean }).merged) merged++;
      }
    };
    await Promise.all([add(0, 0), add(1, 2)]);
    const last = JSON.parse(all.data.read(id)?.bytes.toString() ?? '') as JsonObject;
    assert.equal(Object.keys(last).length, 2 * ROUNDS + 2);
    for (const worker of [0, 1])
      for (let round = 0; round < ROUNDS; round++) assert.equal(last[`worker_${worker}_${round}`], round);
    assert.deepEqual([last.last_0, last.last_1], [ROUNDS - 1, ROUNDS - 1]);
    assert.equal((await all.data.versions(id)).length, 2 * ROUNDS);
    assert.ok(merged > 100, `only ${merged} were written at once: that shows too little`);
  });
});

describe('a merge', () => {
  const object = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', '__proto__'),
    fc.jsonValue({ maxDepth: 2 }),
  ) as fc.Arbitrary<JsonObject>;
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

  it('with one who changed nothing is what the other made', () => {
    fc.assert(
      fc.property(object, object, (base, other) => {
        for (const result of [mergeObjects(base, base, other), mergeObjects(base, other, base)])
          assert.deepEqual(result.kind === 'merged' && plain(result.value), plain(other));
      }),
    );
  });

  it('is the same whoever comes first', () => {
    fc.assert(
      fc.property(object, object, object, (base, one, other) => {
        const [first, second] = [mergeObjects(base, one, other), mergeObjects(base, other, one)];
        assert.equal(first.kind, second.kind);
        if (first.kind === 'merged' && second.kind === 'merged')
          assert.deepEqual(plain(first.value), plain(second.value));
      }),
    );
  });
});
