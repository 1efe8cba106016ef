/** Values of params against JSON Schemas. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkSchema, checkValue, defaultOf, type Param, param } from '../../src/content/index.ts';

const of = (schema: unknown, more: object = {}): Param => param.parse({ name: 'p', schema, ...more });

describe('a value', () => {
  it('is told what is wrong with it, in words', () => {
    const shape = of({
      type: 'object',
      required: ['q'],
      additionalProperties: false,
      properties: {
        q: {},
        kind: { enum: ['a', 'b'] },
        'a/b~c': { type: 'integer', minimum: 3 },
        list: { type: 'array', items: { type: 'string', pattern: '^x+$' } },
        ip: { type: 'string', format: 'ipv4' },
        fixed: { const: 4 },
      },
    });
    assert.deepEqual(checkValue(shape, { q: 1, kind: 'a', 'a/b~c': 3, list: ['xx'], ip: '10.0.0.1', fixed: 4 }), []);
    assert.deepEqual(
      checkValue(shape, { z: 1, kind: 'c', 'a/b~c': 2, list: ['xx', 'y', 1], ip: '10.0.0.300', fixed: 5 }),
      [
        'must have "q"',
        'must not have "z"',
        'kind must be one of "a", "b"',
        'a/b~c must be >= 3',
        'list.1 must match pattern "^x+$"',
        'list.2 must be string',
        'ip must match format "ipv4"',
        'fixed must be 4',
      ],
    );
    assert.deepEqual(checkValue(shape, 'text'), ['must be object']);
  });

  it('of a param that is not described, or has no schema, is not looked at; one of a secure param must be sealed', () => {
    assert.deepEqual(checkValue(undefined, 1), []);
    assert.deepEqual(checkValue(of(undefined), 1), []);
    const secure = of({ type: 'string' }, { secure: true });
    assert.deepEqual(checkValue(secure, { Key: 'a', Nonce: 'b', Payload: 'c' }), []);
    assert.deepEqual(checkValue(secure, { sealed: 1, key: 'a', nonce: 'b', payload: 'c' }), []);
    for (const plain of ['word', null, { Key: 'a' }, ['key', 'nonce', 'payload']])
      assert.deepEqual(checkValue(secure, plain), ['is secure: its value must be sealed before it is sent']);
  });

  it('cannot stop the appliance: patterns are Go’s, and schemas that lead nowhere are found out', () => {
    const slow = of({ type: 'string', pattern: '^(a+)+$' });
    assert.deepEqual(checkValue(slow, `${'a'.repeat(50_000)}!`), ['must match pattern "^(a+)+$"']);
    assert.match(checkSchema(of({ pattern: '(?=x)' })) ?? '', /\(\?=/);
    const endless = of({ allOf: [{ $ref: '#' }] });
    const said = checkSchema(endless) ?? checkValue(endless, 1)[0];
    assert.match(said ?? '', /call stack/);
    let deep: unknown = 1;
    for (let i = 0; i < 5000; i++) deep = [deep];
    assert.deepEqual(checkValue(of({ items: { $ref: '#' } }), deep), ['has lists and maps too deep in one another']);
  });
});

describe('a schema', () => {
  it('is a JSON Schema, or it is told why not', () => {
    for (const schema of [
      {},
      true,
      false,
      { $schema: 'http://json-schema.org/draft-04/schema#', id: 'mine', type: 'string' },
      { $id: 'http://json-schema.org/draft-07/schema', type: 'string' },
      { definitions: { a: { type: 'string' } }, items: { $ref: '#/definitions/a' } },
      { type: 'string', format: 'of nobody', 'ui:widget': 'textarea' },
    ]) {
      assert.equal(checkSchema(of(schema)), undefined, JSON.stringify(schema));
    }
    for (const [schema, fault] of [
      ['string', /must be a map/],
      [[], /must be a map/],
      [{ type: 'strin' }, /type must be equal to one of the allowed values/],
      [{ required: true }, /required must be array/],
      [{ $ref: '#/definitions/none' }, /can't resolve reference/],
      [{ $ref: 'http://elsewhere/x' }, /can't resolve reference/],
      [{ pattern: '(' }, /missing closing \)/],
      [{ $async: true }, /asynchronous/],
    ] as const) {
      assert.match(checkSchema(of(schema)) ?? '', fault, JSON.stringify(schema));
    }
  });

  it('has no part in what others say', () => {
    const named = (type: string) =>
      of({ $id: 'http://one/', definitions: { a: { $id: 'http://two/', type } }, $ref: 'http://two/' });
    const [text, number] = [named('string'), named('number')];
    assert.deepEqual([checkValue(text, 'a'), checkValue(text, 1)], [[], ['must be string']]);
    assert.deepEqual([checkValue(number, 1), checkValue(number, 'a')], [[], ['must be number']]);
    assert.notEqual(checkSchema(of({ $ref: 'http://two/' })), undefined);
  });

  it('has the default', () => {
    assert.equal(defaultOf(of({ default: 3 })), 3);
    assert.equal(defaultOf(of({ default: null })), null);
    assert.equal(defaultOf(of({})), undefined);
    assert.equal(defaultOf(of(true)), undefined);
    assert.equal(defaultOf(undefined), undefined);
  });

  it('of any shape gives an answer', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (schema, value) => {
        const one = of(schema);
        assert.ok(checkSchema(one) === undefined || checkValue(one, value).length === 0);
      }),
    );
  });
});
