/** The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), made of the operations and their schemas. */
import { z } from 'zod';
import { type ErrorCode, statusOf } from '../../errors.ts';
import { PROBLEM_JSON } from '../problem.ts';
import { anyEvent, facts } from '../shapes/event.ts';
import { problemDetails } from '../shapes/problem.ts';
import type { Answer, Body, Contract, Operation } from './operation.ts';

type Json = Record<string, unknown>;

/** @param version of the product. */
export function openApiDocument(operations: readonly Operation[], version: string): Json {
  const schemas = new Schemas();
  schemas.of(problemDetails, 'output');
  schemas.of(anyEvent, 'output');
  for (const [kind, shape] of Object.entries(facts)) schemas.name(eventName(kind), shape);
  const paths: Record<string, Json> = {};
  for (const { contract } of operations) {
    const path = `/api/v1${contract.path.replaceAll(/[:*](\w+)/g, '{$1}')}`;
    paths[path] = { ...paths[path], [contract.method]: describe(contract, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tinsmith',
      version,
      summary: 'A bare-metal provisioner.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ administrator: [] }],
    paths,
    components: {
      securitySchemes: {
        administrator: { type: 'http', scheme: 'bearer', description: 'The file `token` of the data directory.' },
      },
      schemas: schemas.named,
    },
  };
}

function describe(contract: Contract, schemas: Schemas): Json {
  const { id, path, summary, description, query, body, answer, tagged } = contract;
  return {
    operationId: id,
    tags: [path.split('/')[1]],
    summary,
    ...(description ? { description } : {}),
    parameters: [
      ...[...path.matchAll(/([:*])(\w+)/g)].map(([, kind, name = '']) => ({
        name,
        in: 'path',
        required: true,
        ...(kind === '*' ? { description: 'Slashes stand as they are.' } : {}),
        schema: { type: 'string' },
      })),
      ...(query ? queryParameters(query, schemas) : []),
      ...(tagged ? [precondition(contract)] : []),
    ],
    ...(body ? { requestBody: requestBody(body, schemas) } : {}),
    responses: { ...good(answer, tagged === true, schemas), ...bad(contract) },
  };
}

function queryParameters(query: z.ZodObject, schemas: Schemas): Json[] {
  return Object.entries(query.shape).map(([name, shape]) => {
    const schema = schemas.of(shape as z.ZodType, 'input');
    const { description, ...rest } = schema;
    const required = !(shape as z.ZodType).safeParse(undefined).success;
    return { name, in: 'query', required, ...(description ? { description } : {}), schema: rest };
  });
}

function precondition({ method }: Contract): Json {
  const name = method === 'get' ? 'If-None-Match' : 'If-Match';
  const description =
    method === 'get' ? 'Answer 304 when it is this version still.' : 'Change it only while it is this version.';
  return { name, in: 'header', required: false, description, schema: { type: 'string' } };
}

const BYTES = { 'application/octet-stream': {} };

function requestBody(body: Body, schemas: Schemas): Json {
  switch (body.kind) {
    case 'json':
      return {
        required: !(body.described ?? body.shape).safeParse({}).success,
        content: { 'application/json': { schema: schemas.of(body.described ?? body.shape, 'input') } },
      };
    case 'text':
      return { required: true, content: { [body.type]: { schema: { type: 'string' } } } };
    case 'bytes':
    case 'stream':
      return { required: true, content: BYTES };
  }
}

function good(answer: Answer, tagged: boolean, schemas: Schemas): Json {
  const etag = { ETag: { description: 'Names this version.', schema: { type: 'string' } } };
  if (answer.kind === 'written') {
    const { types, headers = {} } = answer;
    return {
      200: {
        description: Object.values(types).join(' '),
        content: Object.fromEntries(Object.keys(types).map((type) => [type, {}])),
        headers: Object.fromEntries(
          Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
        ),
      },
    };
  }
  return {
    [answer.status ?? 200]: {
      description: answer.status === 201 ? 'Made.' : 'Done.',
      ...(tagged ? { headers: etag } : {}),
      content: { 'application/json': { schema: schemas.of(answer.shape, 'output') } },
    },
  };
}

/** Every code an operation can answer with, those that come of the kind of its input included. */
export function codesOf({ method, query, body, codes = [], tagged }: Contract): ErrorCode[] {
  const all: ErrorCode[] = ['UNAUTHORIZED', ...codes];
  if (query || body) all.push('INVALID_INPUT');
  if (tagged && method !== 'get') all.push('PRECONDITION_FAILED');
  if (method !== 'get') all.push('STORE_WRITE_FAILED');
  all.push('INTERNAL');
  return [...new Set(all)];
}

function bad(contract: Contract): Json {
  const byStatus = Map.groupBy(codesOf(contract), statusOf);
  const responses = [...byStatus].map(([status, codes]) => [
    status,
    {
      description: codes.join(', '),
      content: { [PROBLEM_JSON]: { schema: { $ref: '#/components/schemas/ProblemDetails' } } },
    },
  ]);
  const unchanged =
    contract.tagged && contract.method === 'get' ? { 304: { description: 'It is this version still.' } } : {};
  return { ...unchanged, ...Object.fromEntries(responses) };
}

function eventName(kind: string): string {
  return `Event${kind.replaceAll(/(^|[.-])(\w)/g, (_, _dot, letter: string) => letter.toUpperCase())}`;
}

/** Schemas as JSON Schema, those with a name of their own put aside and referred to. */
class Schemas {
  readonly named: Json = {};

  of(shape: z.ZodType, io: 'input' | 'output'): Json {
    const {
      $schema: _,
      $defs,
      ...schema
    } = z.toJSONSchema(shape, {
      io,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => simplify(zodSchema, jsonSchema, io),
    });
    for (const [name, definition] of Object.entries($defs ?? {})) this.named[name] = referring(definition);
    return referring(schema) as Json;
  }

  name(name: string, shape: z.ZodType): void {
    this.named[name] = this.of(shape, 'output');
  }
}

/** Leaves out what says nothing to a reader, and the promise that an answer never has more than is described. */
function simplify(shape: z.core.$ZodTypes, schema: z.core.JSONSchema.BaseSchema, io: 'input' | 'output'): void {
  if (schema.format !== undefined) delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
  if (io === 'output' && shape._zod.def.type === 'object') delete schema.additionalProperties;
}

function referring(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
