/**
 * An operation of the API: what may be asked, what is answered, and the code that does it, in one place. `mount.ts` makes
 * routes of them, `document.ts` the OpenAPI document; both read the same schemas.
 */
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { ErrorCode } from '../../errors.ts';
import type { Conditions } from './conditions.ts';

/**
 * What the body of a request is. `limit` is the most that is read, as `4mb`; a stream has none. `described` stands in
 * the document where the handler checks more closely, or says more of what is wrong, than `shape` does.
 */
export type Body =
  | { kind: 'json'; shape: z.ZodType; described?: z.ZodType; limit: string }
  | { kind: 'text'; type: string; limit: string }
  | { kind: 'bytes'; limit: string }
  | { kind: 'stream' };

/** What is answered when all is well: a value as JSON, or what the handler writes itself, by content type. */
export type Answer =
  | { kind: 'json'; shape: z.ZodType; status?: 200 | 201 }
  | { kind: 'written'; types: Record<string, string>; headers?: Record<string, string> };

/** What is promised of an operation. */
export interface Contract<
  Path extends string = string,
  Query extends z.ZodObject = z.ZodObject,
  Sent extends Body = Body,
  Given extends Answer = Answer,
> {
  /** Unique name, such as `listMachines`. */
  id: string;
  method: 'get' | 'post' | 'put' | 'delete';
  /** Below `/api/v1`, as express writes it: `/machines/:reference`. */
  path: Path;
  summary: string;
  description?: string;
  /** Unknown parameters are refused. */
  query?: Query;
  body?: Sent;
  answer: Given;
  /** Kinds of errors that it has beside those of every operation with such an input. */
  codes?: readonly ErrorCode[];
  /** It is about one record whose version an ETag names: If-None-Match is heeded by GET, If-Match by the others. */
  tagged?: boolean;
}

/** The names after colons in a path. */
export type Parameters<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? { [K in Name]: string } & Parameters<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? { [K in Name]: string }
    : unknown;

type Received<Sent extends Body> = Sent extends { kind: 'json'; shape: infer Shape extends z.ZodType }
  ? z.infer<Shape>
  : Sent extends { kind: 'text' }
    ? string
    : Sent extends { kind: 'bytes' }
      ? Buffer
      : undefined;

type Result<Given extends Answer> = Given extends { kind: 'json'; shape: infer Shape extends z.ZodType }
  ? z.infer<Shape>
  : unknown;

/** A request, its parts checked. */
export interface Call<Params, Query, Received> {
  params: Params;
  query: Query;
  body: Received;
  /** Its preconditions (RFC 9110 section 13). */
  conditions: Conditions;
  req: Request;
  res: Response;
}

/** A contract with the code that keeps it. */
export interface Operation {
  contract: Contract;
  handle(call: Call<Record<string, string>, unknown, unknown>): unknown;
}

/** Declares an operation, with the handler typed by its contract. */
export function operation<
  const Path extends string,
  Query extends z.ZodObject,
  Sent extends Body,
  Given extends Answer,
>(
  contract: Contract<Path, Query, Sent, Given>,
  handle: (call: Call<Parameters<Path>, z.infer<Query>, Received<Sent>>) => Result<Given> | Promise<Result<Given>>,
): Operation {
  return { contract, handle: (call) => handle(call as Call<Parameters<Path>, z.infer<Query>, Received<Sent>>) };
}
